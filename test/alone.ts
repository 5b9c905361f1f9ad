/**
 * Files of tests that get a process of their own. The others run one after the other in two processes, and `clean-process.ts` takes
 * away what each leaves behind: to start a process, and to load Babel and TypeScript there, takes longer than the tests of most files.
 */
export const alone: readonly string[] = [
  // They take longest, so they begin first: at the end no process is left alone with one of them.
  "test/simulation/simulation.test.ts",
  "test/checker/cli.test.ts",
  "test/stores/postgres.test.ts",
  "test/examples/kill-matrix.test.ts",
  "test/fixtures/fixtures.test.ts",
  "test/fixtures/fuzz.test.ts",
  // They replace modules of packages, which are not evaluated anew.
  "test/stores/mysql-failures.test.ts",
  "test/stores/postgres-failures.test.ts",
  "test/plugins/windows.test.ts",
  // They set flags of V8, or measure memory.
  "test/changes/replaced.test.ts",
  "test/machine/bound.test.ts",
  "test/machine/retention.test.ts",
  "test/machine/shapes.test.ts",
  "test/snapshot/damage.test.ts",
  "test/snapshot/fuzz.test.ts",
];
