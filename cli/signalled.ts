/** How a command that works until it is told to stop is told. */

/** Resolves at the first SIGINT or SIGTERM. The second one ends the process as if nobody listened. */
export function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
  });
}
