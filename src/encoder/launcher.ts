/**
 * How a program is started: directly, or behind small system programs that keep it on a short
 * lead. The rest of the encoder does not know which.
 */
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { ProcessSpec } from './process.js';

export interface LaunchCommand {
    command: string;
    args: string[];
    env: NodeJS.ProcessEnv;
}

export interface Launcher {
    /** What protects the machine, for logs and diagnosis. */
    readonly description: string;
    /** The command that runs the program of `spec`. */
    wrap(spec: ProcessSpec): LaunchCommand;
}

/** The first executable of this name on PATH. */
export async function findOnPath(name: string): Promise<string | undefined> {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
        if (!isAbsolute(folder)) continue;
        const path = join(folder, name);
        try {
            await access(path, constants.X_OK);
            return path;
        } catch {
            continue;
        }
    }
    return undefined;
}

/**
 * Programs get nothing of our environment but PATH (wrapper scripts need it) and a UTF-8 locale
 * (mkvmerge reads file names by it).
 */
export function minimalEnvironment(home: string): NodeJS.ProcessEnv {
    return {
        PATH: process.env['PATH'],
        HOME: home,
        TMPDIR: home,
        LC_ALL: 'C.UTF-8',
        AV_LOG_FORCE_NOCOLOR: '1',
    };
}

export interface LauncherOptions {
    /** The job's folder: the only place that programs may write to. */
    workDir: string;
}

/**
 * Starts programs directly. On Linux they go through `setpriv --pdeathsig KILL` (util-linux): the
 * kernel then ends them when this process dies, however it dies.
 */
export async function directLauncher({ workDir }: LauncherOptions): Promise<Launcher> {
    const setpriv = process.platform === 'linux' ? await findOnPath('setpriv') : undefined;
    const prefix = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];
    const env = minimalEnvironment(workDir);
    return {
        description: setpriv ? 'direct, children die with the daemon' : 'direct',
        wrap(spec) {
            const [command = spec.path, ...args] = [...prefix, spec.path, ...spec.args];
            return { command, args, env };
        },
    };
}
