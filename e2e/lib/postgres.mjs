// A Postgres of the machine's own binaries with nothing of Holdfast in it, as an administrator would hand one over:
// a database, the role that owns it, and a lesser role that can only sign in.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, chown, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { environment, freePort, launch } from "./process.mjs";

const run = promisify(execFile);
const distributions = "/usr/lib/postgresql";
const passwords = { owner: "0wner0wner0wner0wner", lesser: "lesserlesserlesser1" };

/** `{owner, lesser, sql(text), stop()}`: two URLs of one database in a new cluster in `folder`. */
export async function postgres(folder) {
  const bin = await binaries();
  const user = await unprivileged();
  const [data, secret, port] = [join(folder, "cluster"), join(folder, "owner-password"), await freePort()];
  await mkdir(folder, { recursive: true });
  await writeFile(secret, passwords.owner, { mode: 0o600 });
  if (user) for (const path of [folder, secret]) await chown(path, user.uid, user.gid);
  const as = { ...user, cwd: folder, env: environment({ LC_ALL: "C" }) };
  const made = ["--username=owner", `--pwfile=${secret}`, "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"];
  await run(join(bin, "initdb"), [...made, `--pgdata=${data}`], as);
  const url = (role, database) => `postgres://${role}:${passwords[role]}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const sql = async (text, database = "holdfast") =>
    (await run(join(bin, "psql"), ["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text, url("owner", database)], as)).stdout.trim();
  const { stop } = await launch(
    join(bin, "postgres"),
    ["-D", data, "-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
    { ...user, cwd: folder, name: `postgres-${port}`, ready: () => sql("SELECT 1", "template1"), within: 60_000, what: "Postgres to answer" },
  );
  await sql("CREATE DATABASE holdfast", "template1");
  await sql(`CREATE ROLE lesser LOGIN PASSWORD '${passwords.lesser}'`);
  // Its fast shutdown: sessions end.
  return { owner: url("owner", "holdfast"), lesser: url("lesser", "holdfast"), sql, stop: () => stop({ signal: "SIGINT" }) };
}

/** Of the newest that is installed. */
async function binaries() {
  const majors = (await readdir(distributions)).map(Number).filter(Boolean);
  const bin = join(distributions, String(Math.max(...majors)), "bin");
  await access(join(bin, "initdb"));
  return bin;
}

/** Postgres refuses to run as root. */
async function unprivileged() {
  if (process.getuid() !== 0) return undefined;
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const found = ["postgres", "nobody"].map((name) => users.find(([one]) => one === name)).find(Boolean);
  assert.ok(found, "there is neither a user postgres nor nobody");
  return { uid: Number(found[2]), gid: Number(found[3]) };
}
