/** `coldframe check` of a project of a hundred files: what it takes behind loading TypeScript and the program. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { limit } from "./engine/figures.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const FILES = 100;
/** ms */
const TARGET = 3000;

/** A workflow of ordinary size, that calls the one of the file before. */
const source = (i, word) => `"use workflow";
import { event, sleep } from "coldframe";
${i === 0 ? "" : `import { flow${i - 1} } from "./flow${i - 1}.ts";\n`}
export interface Order${i} { id: string; items: { name: string; price: number }[]; note?: string }
async function charge(card: string, amount: number) {
  "use step";
  return { card, amount, at: Date.now() };
}
export async function flow${i}(order: Order${i}) {
  const undo: (() => string)[] = [];
  let total = 0;
  try {
    for (const item of order.items) {
      const paid = await charge("card", item.price);
      total += paid.amount;
      undo.push(() => \`refund \${paid.card}\`);
    }
    const approved = await event<boolean>({ key: "${word}" });
    if (!approved) throw new Error("refused");
    await sleep("1d");
    ${i === 0 ? "" : `if (order.note !== undefined) await flow${i - 1}({ ...order, id: "${i}" });`}
  } catch (error) {
    for (const one of undo.reverse()) await charge(one(), 0);
    throw error;
  } finally {
    await sleep("1s");
  }
  return [order.id, total];
}
`;

export async function checks() {
  const { changesSince, findingsOf, manifestOf, append, SourceProgram } = await import(
    "../dist/checker/index.js"
  );
  const folder = mkdtempSync(join(tmpdir(), "coldframe-bench-check-"));
  try {
    mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules/coldframe"), "dir");
    symlinkSync(join(root, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), "dir");
    const compilerOptions = {
      ...{ target: "ES2022", module: "NodeNext", strict: true, noEmit: true, skipLibCheck: true },
      ...{ types: ["node"], allowImportingTsExtensions: true },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const write = (word) => {
      for (let i = 0; i < FILES; i++) writeFileSync(join(folder, `flow${i}.ts`), source(i, word));
    };
    const describe = (filename) => ({ filename, moduleId: `shop/${filename.slice(folder.length + 1)}` });
    const opened = () => {
      const program = new SourceProgram(join(folder, "tsconfig.json"), folder, describe);
      // Reads and binds the sources.
      program.types.getAmbientModules();
      return program;
    };
    write("approve");
    const lock = append(null, manifestOf(opened(), "shop"), "1.0.0");
    // Every function has changed, and most awaits go on.
    write("approval");
    const program = opened();
    const start = performance.now();
    const findings = findingsOf(program);
    const { changes } = changesSince(program, lock, manifestOf(program, "shop"));
    const value = performance.now() - start;
    if (findings.length > 0 || changes.length < FILES) throw new Error("the check of the bench is wrong");
    return [limit("check.time", value, "ms", TARGET)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
