/** Rules of the house that lint cannot say: borders of folders, names, sizes, documents. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";
import { describe, it } from "node:test";

const root = dirname(import.meta.dirname);
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const isTest = (path: string): boolean => path.endsWith(".test.ts");
const sources = tracked.filter((path) => /^src\/.*\.ts$/.test(path));
const code = sources.filter((path) => !isTest(path));

/** Folder of src/ -> the folders that it may import (ARCHITECTURE.md, "Who may import whom"). */
const mayImport: Record<string, string[]> = {
  ip: [],
  bpf: ["ip"],
  kube: ["ip"],
  layer2: ["ip"],
  memberlist: ["ip"],
  ring: ["ip", "memberlist"],
  wire: ["ip", "ring"],
  schema: ["ip", "kube"],
  crds: ["kube", "schema"],
  config: ["ip", "kube"],
  allocator: ["ip", "kube", "config"],
  election: ["ip", "kube", "config", "layer2"],
  status: ["ip", "kube", "config", "allocator"],
  assignment: ["ip", "kube", "config", "allocator", "status"],
  admission: ["ip", "kube", "config"],
  migrate: ["ip", "kube", "config"],
  lint: ["ip", "kube", "config", "crds", "schema", "migrate"],
  plan: [
    "ip",
    "kube",
    "config",
    "layer2",
    "allocator",
    "election",
    "assignment",
    "migrate",
    "lint",
  ],
  platform: ["ip", "bpf", "kube", "layer2", "memberlist"],
  program: ["ip", "kube", "config", "status", "platform"],
  controller: [
    "ip",
    "kube",
    "config",
    "allocator",
    "assignment",
    "status",
    "admission",
    "platform",
    "program",
  ],
  speaker: [
    "ip",
    "kube",
    "config",
    "election",
    "layer2",
    "memberlist",
    "ring",
    "status",
    "wire",
    "platform",
    "program",
  ],
  apiserver: ["ip", "kube", "schema", "platform"],
  cluster: ["ip", "kube", "platform"],
  lab: ["ip", "kube", "platform", "apiserver", "cluster", "layer2"],
  cli: [
    "controller",
    "speaker",
    "apiserver",
    "lab",
    "cluster",
    "platform",
    "kube",
    "config",
    "layer2",
    "election",
    "lint",
    "migrate",
    "plan",
  ],
};

/** Every relative import of a file as [importing file, imported path from the root]. */
function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map((match) => posix.join(posix.dirname(path), match[1] as string));
}

const folderOf = (path: string): string => path.split("/")[1] as string;

describe("tidy", () => {
  it("saw the project", () => {
    assert.ok(code.length >= 60, `only ${code.length} source files were seen`);
  });

  it("imports only folders that stand below, and only their index", () => {
    const wrong: string[] = [];
    for (const path of sources) {
      for (const target of importsOf(path)) {
        const [from, to] = [folderOf(path), folderOf(target)];
        if (!target.startsWith("src/") || from === to) continue;
        if (isTest(path)) continue; // a test may look inside
        if (from === "testing") continue;
        if (!(mayImport[from] ?? []).includes(to)) wrong.push(`${path} may not import ${to}/`);
        else if (from !== "cli" && basename(target) !== "index.ts") {
          wrong.push(`${path} imports ${target} past the folder's index.ts`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });

  it("uses kebab-case words of the field as file names", () => {
    const drawers = /(^|[-.])(utils?|helpers?|common|types|misc|manager|handler|data|info)(\.|-|$)/;
    const wrong = sources.filter((path) => {
      const name = basename(path);
      return !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name) || drawers.test(name);
    });
    assert.deepEqual(wrong, []);
  });

  it("starts every source file with a sentence about it", () => {
    const silent = sources.filter((path) => {
      return !isTest(path) && basename(path) !== "index.ts" && !read(path).startsWith("/**");
    });
    assert.deepEqual(silent, []);
  });

  it("keeps files short: median at most 130 lines, p90 at most 320", () => {
    const sizes = code.map((path) => read(path).split("\n").length).sort((a, b) => a - b);
    const at = (share: number): number => sizes[Math.floor(sizes.length * share)] as number;
    assert.ok(at(0.5) <= 130, `median ${at(0.5)}`);
    assert.ok(at(0.9) <= 320, `p90 ${at(0.9)}`);
  });

  it("leaves no unfinished work, no focused and no disabled test behind", () => {
    const words = /\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(skip|only|todo)\(/;
    const scripts = tracked.filter((path) => /\.(ts|mjs|sh)$/.test(path));
    const wrong = scripts.filter((path) => path !== "test/tidy.test.ts" && words.test(read(path)));
    assert.deepEqual(wrong, []);
  });

  it("names only files that exist in its documents", () => {
    const missing: string[] = [];
    for (const path of tracked.filter((name) => name.endsWith(".md"))) {
      const links = read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g);
      for (const [, link] of links) {
        const target = posix.join(posix.dirname(path), link as string);
        if (!existsSync(join(root, target))) missing.push(`${path} -> ${link}`);
      }
      const quoted = read(path).matchAll(/`((?:src|test|tools|docs|manifests|bench)\/[\w./-]+)`/g);
      for (const [, name] of quoted) {
        if (!existsSync(join(root, name as string))) missing.push(`${path} -> ${name}`);
      }
    }
    assert.deepEqual(missing, []);
  });

  it("exports nothing that nobody uses", () => {
    const all = tracked.filter((path) => /^(src|test|tools|bench)\/.*\.ts$/.test(path));
    const users = new Map<string, Set<string>>();
    for (const path of all) {
      for (const [word] of read(path).matchAll(/[A-Za-z_$][\w$]*/g)) {
        users.set(word, (users.get(word) ?? new Set()).add(path));
      }
    }
    // An index only passes on: it uses nothing. A test beside the file is a user.
    const isUsed = (name: string, home: string): boolean =>
      [...(users.get(name) ?? [])].some((path) => path !== home && basename(path) !== "index.ts");
    const unused = code.flatMap((path) =>
      [...read(path).matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)]
        .map((match) => match[1] as string)
        .filter((name) => !isUsed(name, path))
        .map((name) => `${path}: ${name}`),
    );
    assert.deepEqual(unused, []);
  });

  it("pins every dependency exactly, and none has an install script", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
    const loose = ["dependencies", "devDependencies", "optionalDependencies"]
      .flatMap((kind) => Object.entries(manifest[kind] ?? {}))
      .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    assert.deepEqual(loose, []);
    assert.equal(read("package-lock.json").includes('"hasInstallScript"'), false);
  });
});
