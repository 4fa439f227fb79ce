/**
 * Where the programs that do the media work are found, and which version they are.
 *
 * Search order: the environment variable (KVZ_CLOUD_FFMPEG and so on), then PATH, then the
 * tools folders that `scripts/programs.mjs` installs into.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageFile } from '../package-file.js';

export const PROGRAM_NAMES = ['ffmpeg', 'ffprobe', 'kvazaar', 'mkvmerge'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** Absolute paths of the four programs that a job needs. */
export type Programs = Record<ProgramName, string>;

export interface FoundProgram {
    name: ProgramName;
    path: string;
    /** What led to it: the environment variable, PATH, or a tools folder. */
    source: 'environment' | 'path' | 'tools';
}

/** The environment variable that names the path of a program. */
export function programVariable(name: ProgramName): string {
    return `KVZ_CLOUD_${name.toUpperCase()}`;
}

/**
 * Folders whose `bin/` may hold programs that the project installed for itself: beside the code
 * (a clone that is writable), then in the user's data folder (a global installation).
 */
export function toolsFolders(env: NodeJS.ProcessEnv = process.env): string[] {
    const packageRoot = fileURLToPath(packageFile('./'));
    const dataHome = env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
    return [join(packageRoot, '.tools'), join(dataHome, 'kvz-cloud', 'tools')];
}

function isExecutableFile(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}

/**
 * Finds one program, or nothing. A path from the environment variable is taken as given even if
 * nothing is there, so that a mistake in it is told and not silently replaced.
 */
export function findProgram(
    name: ProgramName,
    env: NodeJS.ProcessEnv = process.env,
): FoundProgram | undefined {
    const configured = env[programVariable(name)];
    if (configured) {
        return isExecutableFile(configured)
            ? { name, path: configured, source: 'environment' }
            : undefined;
    }
    for (const folder of (env['PATH'] ?? '').split(delimiter)) {
        const path = join(folder, name);
        if (isAbsolute(path) && isExecutableFile(path)) return { name, path, source: 'path' };
    }
    for (const folder of toolsFolders(env)) {
        const path = join(folder, 'bin', name);
        if (isExecutableFile(path)) return { name, path, source: 'tools' };
    }
    return undefined;
}

/** Programs that were not found; the message says how to come by them. */
export class MissingProgramError extends Error {
    override readonly name = 'MissingProgramError';
    readonly programs: readonly ProgramName[];

    constructor(programs: readonly ProgramName[]) {
        super(
            `${programs.join(', ')} not found; install ${programs.length > 1 ? 'them' : 'it'} with ` +
                `"kvz-cloud doctor --fix", or name the path in ` +
                programs.map((name) => programVariable(name)).join(', '),
        );
        this.programs = programs;
    }
}

/** Finds all four programs. @throws MissingProgramError naming each one that is not there */
export function findPrograms(env: NodeJS.ProcessEnv = process.env): Programs {
    const found = PROGRAM_NAMES.map((name) => [name, findProgram(name, env)?.path] as const);
    const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
    if (missing.length > 0) throw new MissingProgramError(missing);
    return Object.fromEntries(found) as Programs;
}

/** Asks a program for its version, e.g. "2.3.1"; undefined when it does not run or does not say. */
export async function programVersion(name: ProgramName, path: string): Promise<string | undefined> {
    const flag = name.startsWith('ff') ? '-version' : '--version';
    return new Promise((resolve) => {
        execFile(path, [flag], { timeout: 10_000 }, (error, stdout) => {
            if (error) return resolve(undefined);
            resolve(/(?:version|[Kk]vazaar|mkvmerge) v?(\d[\w.+~-]*)/.exec(stdout)?.[1]);
        });
    });
}
