// Compiles src/Controller.sol with solc-js (standard JSON, no metadata hash, so that the same sources
// give the same bytes) and writes the artifact to the file named on the command line.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, "artifacts", "Controller.json");

const names = readdirSync(join(here, "src")).filter((name) => name.endsWith(".sol")).sort();
const sources = Object.fromEntries(
  names.map((name) => [`src/${name}`, { content: readFileSync(join(here, "src", name), "utf8") }]),
);
const settings = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 200 },
  viaIR: true,
  metadata: { bytecodeHash: "none", appendCBOR: false },
  debug: { revertStrings: "strip" },
  outputSelection: { "src/Controller.sol": { Controller: ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

function findImport(path) {
  try {
    return { contents: readFileSync(join(here, "node_modules", path), "utf8") };
  } catch {
    return { error: `cannot find ${path}; run npm ci` };
  }
}

const compiled = JSON.parse(
  solc.compile(JSON.stringify({ language: "Solidity", sources, settings }), { import: findImport }),
);
const problems = compiled.errors ?? [];
for (const problem of problems) process.stderr.write(`${problem.formattedMessage}\n`);
// Warnings count as errors: a contract that holds deposits has none.
if (problems.length > 0) process.exit(1);

const { abi, evm } = compiled.contracts["src/Controller.sol"].Controller;
const runtimeBytes = evm.deployedBytecode.object.length / 2;
if (runtimeBytes > 24_576) {
  process.stderr.write(`the contract has ${runtimeBytes} bytes, more than a chain accepts (24576)\n`);
  process.exit(1);
}

const sourceHash = createHash("sha256");
for (const name of names) sourceHash.update(`${name}\0${sources[`src/${name}`].content}\0`);

const lines = abi.map((item) => `    ${JSON.stringify(item)}`).join(",\n");
const artifact = `{
  "contractName": "Controller",
  "solc": ${JSON.stringify(solc.version())},
  "sourceHash": "0x${sourceHash.digest("hex")}",
  "runtimeBytes": ${runtimeBytes},
  "abi": [
${lines}
  ],
  "bytecode": "0x${evm.bytecode.object}"
}
`;
writeFileSync(output, artifact);
