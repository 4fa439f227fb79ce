/**
 * Bubblewrap around the programs: they see the system's own programs and libraries, the one input
 * and the work folder; no network, no other files, no other processes.
 */
import { execFile } from 'node:child_process';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from './find-on-path.js';

/** Whether programs can be shut in on this machine, and if not, why. */
export type SandboxSupport =
    { isAvailable: true; bwrap: string } | { isAvailable: false; reason: string };

let support: Promise<SandboxSupport> | undefined;

/** Tries bubblewrap once; containers and hardened kernels often forbid what it needs. */
export async function detectSandbox(): Promise<SandboxSupport> {
    support ??= trySandbox();
    return support;
}

const TRIAL_TIMEOUT_MS = 10_000;

async function trySandbox(): Promise<SandboxSupport> {
    if (process.platform !== 'linux') {
        return { isAvailable: false, reason: 'bubblewrap exists on Linux only' };
    }
    const bwrap = await findOnPath('bwrap');
    if (!bwrap) return { isAvailable: false, reason: 'bubblewrap (bwrap) is not installed' };
    const probe = await findOnPath('true');
    if (!probe) return { isAvailable: false, reason: '"true" is not on PATH' };
    try {
        const args = [...(await baseArguments()), '--', probe];
        await promisify(execFile)(bwrap, args, { timeout: TRIAL_TIMEOUT_MS });
        return { isAvailable: true, bwrap };
    } catch (error) {
        const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
        const reason = stderr.trim().split('\n')[0] || 'it does not start';
        return { isAvailable: false, reason: `bubblewrap does not work here: ${reason}` };
    }
}

/** Folders of the system that programs and their libraries are in; links on merged systems. */
const SYSTEM_FOLDERS = ['/bin', '/lib', '/lib32', '/lib64', '/libx32', '/sbin', '/nix/store'];

/** What the dynamic loader reads. */
const LOADER_FILES = ['/etc/alternatives', '/etc/ld.so.cache'];

/** Everything that does not depend on the program. */
async function baseArguments(): Promise<string[]> {
    const system = await Promise.all(SYSTEM_FOLDERS.map(systemFolder));
    return [
        ...['--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'],
        ...['--ro-bind', '/usr', '/usr', ...system.flat()],
        ...LOADER_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
        ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
    ];
}

async function systemFolder(path: string): Promise<string[]> {
    const status = await lstat(path).catch(() => undefined);
    if (!status) return [];
    return status.isSymbolicLink()
        ? ['--symlink', await readlink(path), path]
        : ['--ro-bind', path, path];
}

export interface SandboxedProgram {
    /** Absolute path of the program. */
    path: string;
    /** Files that it may read. */
    reads: readonly string[];
    /** The one folder that it may write to. */
    workDir: string;
}

/** Makes the command lines. */
export class Sandbox {
    readonly #bwrap: string;
    readonly #base: readonly string[];
    /** Folders of the programs outside the system's; undefined: does not run in here. */
    readonly #folders: ReadonlyMap<string, readonly string[] | undefined>;

    private constructor(
        bwrap: string,
        base: readonly string[],
        folders: ReadonlyMap<string, readonly string[] | undefined>,
    ) {
        this.#bwrap = bwrap;
        this.#base = base;
        this.#folders = folders;
    }

    static async create(bwrap: string, programPaths: readonly string[]): Promise<Sandbox> {
        const base = await baseArguments();
        const folders = programPaths.map(
            async (path) => [path, await usableFolders(bwrap, base, path)] as const,
        );
        return new Sandbox(bwrap, base, new Map(await Promise.all(folders)));
    }

    /** Programs that need files which cannot be given to them in here. */
    get outside(): string[] {
        return [...this.#folders].filter(([, folders]) => !folders).map(([path]) => path);
    }

    /** What goes in front of the program and its arguments; nothing for one that is outside. */
    prefix({ path, reads, workDir }: SandboxedProgram): string[] {
        const folders = this.#folders.get(path);
        if (!folders) return [];
        return [
            ...[this.#bwrap, ...this.#base, ...binds(folders)],
            ...reads.flatMap((file) => ['--ro-bind', file, file]),
            ...['--bind', workDir, workDir, '--chdir', workDir, '--'],
        ];
    }
}

function binds(folders: readonly string[]): string[] {
    return folders.flatMap((folder) => ['--ro-bind-try', folder, folder]);
}

/** What was found out about programs stays true while this process runs. */
const knownFolders = new Map<string, Promise<readonly string[] | undefined>>();

async function usableFolders(
    bwrap: string,
    base: readonly string[],
    path: string,
): Promise<readonly string[] | undefined> {
    let known = knownFolders.get(path);
    if (!known) {
        known = findUsableFolders(bwrap, base, path);
        knownFolders.set(path, known);
    }
    return known;
}

async function findUsableFolders(
    bwrap: string,
    base: readonly string[],
    path: string,
): Promise<readonly string[] | undefined> {
    const folders = await programFolders(path);
    if (folders.length === 0) return folders;
    const flag = /ff(?:mpeg|probe)$/.test(path) ? '-version' : '--version';
    const args = [...base, ...binds(folders), '--', path, flag];
    try {
        await promisify(execFile)(bwrap, args, { timeout: TRIAL_TIMEOUT_MS });
        return folders;
    } catch {
        return undefined;
    }
}

/**
 * Folders that the system's binds do not cover: for /x/bin/kvazaar its own, and those beside it
 * that its libraries may be in. Not all of /x, which may be somebody's home.
 */
async function programFolders(path: string): Promise<string[]> {
    const real = await realpath(path).catch(() => path);
    const folders = [path, real].flatMap((location) => {
        if (/^\/(?:usr|s?bin|lib|nix\/store)\//.test(location)) return [];
        const own = dirname(location);
        const beside = ['lib', 'lib64', basename(location)].map((name) => join(own, '..', name));
        return [own, ...beside];
    });
    return [...new Set(folders)];
}
