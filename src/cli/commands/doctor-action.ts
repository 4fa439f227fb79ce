/** What `kvz-cloud doctor` does. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SettingError } from '../../config/json-file.js';
import type { Settings } from '../../config/settings.js';
import { VERSION } from '../../config/version.js';
import { EXIT, KvzError } from '../../protocol/errors.js';
import { runningDaemon } from '../../client/running-daemon.js';
import { isLoopback } from '../../client/local-daemon.js';
import type { CliContext } from '../context.js';
import { formatBytes } from '../ui/format.js';
import { packageFile } from '../../package-file.js';
import type { DoctorFlags } from './doctor.js';

const OLDEST_NODE = [20, 19] as const;

export interface Check {
    name: string;
    /** `bad` keeps encoding from working; `note` is worth knowing. */
    state: 'ok' | 'note' | 'bad';
    text: string;
}

function checkNode(): Check {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const fine = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
    const wanted = fine ? '' : ` (needs ${OLDEST_NODE.join('.')} or newer)`;
    return { name: 'node', state: fine ? 'ok' : 'bad', text: `${process.versions.node}${wanted}` };
}

/** The settings, or what is wrong with them. */
function checkSettings(context: CliContext, flags: DoctorFlags): [Check, Settings?] {
    const name = 'settings';
    try {
        const { values } = context.settings({ server: flags.server }, flags.context);
        const { settingsFile } = context.paths;
        const text = existsSync(settingsFile) ? settingsFile : `none in ${settingsFile}`;
        return [{ name, state: 'ok', text }, values];
    } catch (error) {
        if (!(error instanceof SettingError)) throw error;
        return [
            { name, state: 'bad', text: `${error.message}; disk, data and daemon wait for it` },
        ];
    }
}

async function checkPrograms(context: CliContext): Promise<Check[]> {
    const reports = await context.host.checkPrograms(context.env);
    return reports.map(({ name, variable, path, version }): Check => {
        const given = context.env[variable];
        if (path === undefined) {
            const text = given
                ? `${variable} names ${given}, which is not a program`
                : `not found: "kvz-cloud doctor --fix" installs it, or set ${variable}`;
            return { name, state: 'bad', text };
        }
        if (version === undefined) {
            return {
                name,
                state: 'bad',
                text: `${path} does not run: "${path} --version" tells why`,
            };
        }
        return { name, state: 'ok', text: `${version} (${path})` };
    });
}

async function checkSandbox(context: CliContext): Promise<Check> {
    const problem = await context.host.sandboxProblem();
    return problem === undefined
        ? { name: 'sandbox', state: 'ok', text: 'bubblewrap works' }
        : { name: 'sandbox', state: 'note', text: `${problem}; media is read without a sandbox` };
}

/** The folder itself, or the nearest one above that is there. */
function existingFolder(path: string): string {
    for (let folder = path; ; folder = dirname(folder)) {
        try {
            statSync(folder);
            return folder;
        } catch {
            if (dirname(folder) === folder) return folder;
        }
    }
}

async function checkDisk(dataDir: string, floorBytes: number): Promise<Check> {
    const name = 'disk';
    try {
        const folder = existingFolder(dataDir);
        accessSync(folder, constants.W_OK);
        const { bavail, bsize } = await statfs(folder);
        const free = bavail * bsize;
        const text = `${formatBytes(free)} free at ${dataDir}`;
        if (free > floorBytes) return { name, state: 'ok', text };
        return { name, state: 'bad', text: `${text}; ${formatBytes(floorBytes)} must stay free` };
    } catch (error) {
        return { name, state: 'bad', text: `${dataDir}: ${(error as Error).message}` };
    }
}

function checkToken(tokenFile: string): Check[] {
    try {
        const mode = statSync(tokenFile).mode & 0o777;
        if ((mode & 0o077) === 0) return [{ name: 'token', state: 'ok', text: tokenFile }];
        const text = `${tokenFile} can be read by others: chmod 600 ${tokenFile}`;
        return [{ name: 'token', state: 'bad', text }];
    } catch {
        return [];
    }
}

async function checkDaemon(
    context: CliContext,
    flags: DoctorFlags,
    server: string,
): Promise<Check> {
    const name = 'daemon';
    try {
        const [version, address] = await context.withClient(flags, async (client) => [
            client.info.server,
            client.server,
        ]);
        const same = version.includes(VERSION);
        const text = `${version} at ${address}${same ? '' : `; this command has ${VERSION}`}`;
        return { name, state: same ? 'ok' : 'note', text };
    } catch (error) {
        if (!(error instanceof KvzError)) throw error;
        const startsItself = error.code === 'UNREACHABLE' && isLoopback(server);
        return startsItself
            ? { name, state: 'note', text: `none runs at ${server}; "encode" starts it` }
            : { name, state: 'bad', text: error.message };
    }
}

async function checkData(context: CliContext, dataDir: string): Promise<Check> {
    const name = 'data';
    const isRunning = runningDaemon(dataDir) !== undefined;
    try {
        const found = await context.host.checkData(dataDir, isRunning);
        if (!found) return { name, state: 'ok', text: `nothing in ${dataDir} yet` };
        if (found.length === 0) return { name, state: 'ok', text: 'files and database agree' };
        const list = found.map(([what, count]) => `${count} ${what}`).join(', ');
        const isDamaged = found.some(([what]) => what.startsWith('database'));
        const advice = isDamaged
            ? 'put a backup of the database in its place'
            : `the daemon mends that when it starts${isRunning ? ' the next time' : ''}`;
        return { name, state: isDamaged ? 'bad' : 'note', text: `${list}: ${advice}` };
    } catch (error) {
        return { name, state: 'note', text: (error as Error).message };
    }
}

/** Runs the set-up of the programs, with its output on stderr. */
async function installPrograms(context: CliContext): Promise<void> {
    const script = fileURLToPath(packageFile('scripts/programs.mjs'));
    const status = await new Promise<number | null>((resolve, reject) => {
        const child = spawn(process.execPath, [script], {
            stdio: ['ignore', 2, 2],
            env: context.env,
        });
        child.once('error', reject);
        child.once('exit', resolve);
    });
    if (status !== 0) context.say('not everything could be installed; see above');
}

export async function runDoctor(context: CliContext, flags: DoctorFlags): Promise<void> {
    if (flags.fix) await installPrograms(context);
    const [settings, values] = checkSettings(context, flags);
    const checks: Check[] = [
        checkNode(),
        settings,
        ...(await checkPrograms(context)),
        await checkSandbox(context),
        ...checkToken(context.paths.tokenFile),
    ];
    if (values) {
        checks.push(
            await checkDisk(values.dataDir, values.freeSpaceFloor),
            await checkData(context, values.dataDir),
            await checkDaemon(context, flags, values.server),
        );
    }
    const good = checks.every(({ state }) => state !== 'bad');
    if (flags.json) context.printJson({ ok: good, checks });
    else {
        const width = Math.max(...checks.map(({ name }) => name.length));
        for (const { name, state, text } of checks) {
            context.print(`${state.padEnd(4)}  ${name.padEnd(width)}  ${text}`);
        }
    }
    context.exitStatus = good ? EXIT.done : EXIT.internal;
}
