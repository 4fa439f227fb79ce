#!/usr/bin/env node
// Brings a clone into a working state: dependencies, build, programs. What is there is left alone,
// so a second run takes a moment. Asks nothing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './root.mjs';

const OLDEST_NODE = [20, 19];

function fail(message) {
    process.stderr.write(`kvz-cloud set-up: ${message}\n`);
    process.exit(1);
}

function run(command, args, env = process.env) {
    const result = spawnSync(command, args, {
        cwd: ROOT,
        env,
        // stdout is for results; what tools say goes to stderr.
        stdio: ['ignore', 2, 2],
        shell: process.platform === 'win32',
    });
    if (result.status !== 0) fail(`"${command} ${args.join(' ')}" failed`);
}

function digest(files) {
    const hash = createHash('sha256').update(process.version);
    for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
    return hash.digest('hex');
}

/** Does `work` unless `stamp` says that it was done for the same `inputs`. */
function once(stamp, inputs, work) {
    const wanted = digest(inputs);
    const path = join(ROOT, stamp);
    if (existsSync(path) && readFileSync(path, 'utf8') === wanted) return;
    work();
    writeFileSync(path, wanted);
}

function filesBelow(folder) {
    return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
        .sort();
}

/**
 * Where an add-on has to be compiled, node-gyp downloads Node's headers; most installations of Node
 * have them beside the program, and not every machine reaches nodejs.org.
 */
function withOwnHeaders() {
    const prefix = dirname(dirname(process.execPath));
    if (!existsSync(join(prefix, 'include/node/node.h'))) return process.env;
    return { npm_config_nodedir: prefix, ...process.env };
}

function installDependencies() {
    once('node_modules/.kvz-cloud-setup', ['package.json', 'package-lock.json'], () => {
        process.stderr.write('installing dependencies (better-sqlite3 may be compiled) ...\n');
        // Not `npm ci`: it refuses a lock file that lacks an optional package of some other
        // platform, and registries don't carry all of those. The versions are the locked ones.
        const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
        run('npm', ['install', ...options], withOwnHeaders());
    });
}

function build() {
    const inputs = [
        ...['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'],
        ...['scripts/build.mjs', 'scripts/bundle.mjs', ...filesBelow('src')],
    ];
    once('dist/.kvz-cloud-setup', inputs, () => {
        process.stderr.write('building ...\n');
        rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
        run(process.execPath, ['scripts/build.mjs']);
    });
}

export function setUp() {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
        fail(`Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}`);
    }
    installDependencies();
    build();
    run(process.execPath, ['scripts/programs.mjs']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
