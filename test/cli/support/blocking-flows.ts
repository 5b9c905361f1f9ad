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

/** Two steps at once, of which one goes on and computes, in code that a library could be. */
export async function oneOfTwo(): Promise<void> {
  await Promise.all([idle(), busy()]);
}

export async function idle(): Promise<void> {
  "use step";
  await new Promise(() => {});
}

export async function busy(): Promise<void> {
  "use step";
  await new Promise((resolve) => setTimeout(resolve, 100));
  compute();
}

function compute(): void {
  for (;;);
}
