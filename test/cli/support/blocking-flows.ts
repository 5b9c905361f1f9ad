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
