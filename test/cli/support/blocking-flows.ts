/** Workflows that keep the event loop. */
"use workflow";

export async function spin(): Promise<void> {
  "use step";
  for (;;);
}

export async function nothing(): Promise<void> {
  "use step";
}

export async function step(): Promise<void> {
  await nothing();
  await spin();
}

export async function turn(): Promise<void> {
  await nothing();
  for (;;);
}

export async function lateStep(): Promise<void> {
  await nothing();
  await late();
}

export async function late(): Promise<void> {
  "use step";
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (;;);
}
