/**
 * Which files the programs open, as the kernel sees it, with the whitelists alone and no sandbox:
 * of the user's files only the input is read, nothing is written outside of the work folder, and
 * no network is asked for.
 *
 * KVZ_HOSTILE_FLIPS sets how many files with flipped bits are tried (default 2).
 */
import { execFileSync } from 'node:child_process';
import {
    copyFile,
    mkdir,
    mkdtemp,
    readFile,
    readdir,
    realpath,
    rm,
    stat,
    writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LOGO_PATH } from '../../src/encoder/logo.js';
import {
    DEFAULT_LIMITS,
    EncodeError,
    encode,
    parseKvazaarOptions,
} from '../../src/encoder/index.js';
import type { Container } from '../../src/encoder/index.js';
import { fakeProgram } from './helpers/fake-program.js';
import {
    HOSTILE_SOURCES,
    filesNaming,
    flipBits,
    makeSources,
    randomNumbers,
} from './helpers/hostile-files.js';
import { programs, temporaryFolder } from './helpers/media.js';

const folder = await realpath(await temporaryFolder());
const file = (name: string): string => join(folder, name);
const FLIPS = Number(process.env['KVZ_HOSTILE_FLIPS'] ?? 2);
/** The first one is encoded as it is, too. */
const FLIPPED = Object.keys(HOSTILE_SOURCES).slice(0, Math.max(1, FLIPS));
const LIMITS = { ...DEFAULT_LIMITS, wallClockMs: 60_000, stallMs: 20_000, durationSeconds: 60 };

function canTrace(): boolean {
    try {
        execFileSync('strace', [
            '-f',
            '--seccomp-bpf',
            '-e',
            'trace=open',
            '-o',
            '/dev/null',
            'true',
        ]);
        return true;
    } catch {
        return false;
    }
}

const isTraced = canTrace();

/** What programs and their libraries read of the system, whatever the input is. */
const SYSTEM =
    /^\/(?:usr|lib\d*|bin|etc\/(?:ld\.so|alternatives|ssl|fonts|localtime)|proc|sys|dev)(?:\/|\.|$)/;

/** Devices that hold nothing. */
const HARMLESS_WRITES = ['/dev/null', '/dev/tty'];

interface Opened {
    path: string;
    isWritten: boolean;
}

interface Trace {
    opened: Opened[];
    /** Lines that ask for a network. */
    network: string[];
}

/** `123 openat(AT_FDCWD, "/x", O_RDONLY|O_CLOEXEC) = 3`; those that fail have -1. */
function parseTrace(text: string): Trace {
    const trace: Trace = { opened: [], network: [] };
    for (const line of text.split('\n')) {
        if (/\b(?:socket|connect)\(.*AF_INET/.test(line)) trace.network.push(line);
        const open = /\b(?:open|openat|openat2|creat)\([^"]*"((?:[^"\\]|\\.)*)".*\) = \d+/.exec(
            line,
        );
        if (!open) continue;
        const isWritten = /O_WRONLY|O_RDWR|O_CREAT|\bcreat\(/.test(line);
        trace.opened.push({ path: resolve(open[1] ?? ''), isWritten });
    }
    return trace;
}

const traces = file('traces');
let traced = programs;

beforeAll(async () => {
    if (!isTraced) return;
    await mkdir(traces);
    await makeSources(folder, FLIPPED);
    for (const [name, path] of Object.entries(programs)) {
        const calls = 'open,openat,openat2,creat,socket,connect';
        const script =
            `exec strace -f -qq --seccomp-bpf -s 4096 -e trace=${calls} ` +
            `-o '${traces}'/${name}.$$ '${path}' "$@"`;
        traced = { ...traced, [name]: await fakeProgram(folder, name, script) };
    }
});

/** Encodes under observation, whatever comes of it. @returns what was opened and was not allowed */
async function trespasses(path: string, container: Container): Promise<string[]> {
    await rm(traces, { recursive: true });
    await mkdir(traces);
    const workDir = await mkdtemp(file('work-'));
    try {
        await encode({
            programs: traced,
            input: { path, kind: 'container' },
            container,
            outputPath: file(`result.${container}`),
            workDir,
            options: parseKvazaarOptions('ultrafast', []),
            logo: { enabled: true, seconds: 0.04 },
            threads: 2,
            limits: LIMITS,
            sandbox: 'off',
        });
    } catch (error) {
        if (!(error instanceof EncodeError)) throw error;
    }
    const tools = (await Promise.all(Object.values(programs).map(toolFolders))).flat();
    const found: string[] = [];
    for (const name of await readdir(traces)) {
        const { opened, network } = parseTrace(await readFile(join(traces, name), 'utf8'));
        expect(opened.length).toBeGreaterThan(0);
        found.push(...network);
        for (const { path: other, isWritten } of opened) {
            const isOurs = other.startsWith(`${workDir}/`) || other === workDir;
            const isRead =
                isOurs ||
                [path, DEFAULT_LOGO_PATH].includes(other) ||
                SYSTEM.test(other) ||
                tools.some((tool) => other.startsWith(tool));
            const isAllowed = isWritten ? isOurs || HARMLESS_WRITES.includes(other) : isRead;
            if (!isAllowed) found.push(`${name} ${isWritten ? 'writes' : 'reads'} ${other}`);
        }
    }
    return found;
}

/** kvazaar may be a private copy with its own libraries beside it. */
async function toolFolders(program: string): Promise<string[]> {
    return [program, await realpath(program)].map((path) => resolve(path, '..', '..'));
}

describe.runIf(isTraced)('files that the programs open', { timeout: 120_000 }, () => {
    it('the observation sees what it is to see', async () => {
        const probe = await fakeProgram(
            folder,
            'probe',
            `exec strace -f -qq --seccomp-bpf -e trace=open,openat,socket,connect -o '${file('own')}' ` +
                `sh -c 'cat /etc/hostname > ${file('written')}'`,
        );
        execFileSync(probe);
        const { opened } = parseTrace(await readFile(file('own'), 'utf8'));
        expect(opened).toContainEqual({ path: '/etc/hostname', isWritten: false });
        expect(opened).toContainEqual({ path: file('written'), isWritten: true });
    });

    it.each(['mkv', 'mp4', 'hevc'] as const)('of a whole file, for %s', async (container) => {
        expect(await trespasses(file('clip.mp4'), container)).toEqual([]);
        expect((await stat(file(`result.${container}`))).size).toBeGreaterThan(0);
        const names = (await readdir(traces)).map((name) => name.split('.')[0]);
        expect(names).toEqual(expect.arrayContaining(['ffmpeg', 'ffprobe', 'kvazaar']));
    });

    it.each(Object.entries(filesNaming(file('bait.mp4'))))('of %s', async (name, content) => {
        await copyFile(file('clip.mp4'), file('bait.mp4'));
        await writeFile(file(name), content);
        expect(await trespasses(file(name), 'mkv')).toEqual([]);
    });

    it('of files with flipped bits', async () => {
        const random = randomNumbers(0x6b_76_7a);
        for (let round = 0; round < FLIPS; round++) {
            const name = FLIPPED[round % FLIPPED.length] ?? '';
            const bytes = await readFile(file(name));
            const path = file(`flipped-${round}-${name}`);
            await writeFile(path, flipBits(bytes, Math.min(bytes.length, 4096), random));
            expect(await trespasses(path, 'mkv')).toEqual([]);
        }
    }, 3_600_000);
});
