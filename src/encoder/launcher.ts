/**
 * How a program is started: behind small system programs that keep it on a short lead. Each of
 * them replaces itself by the next, so they cost nothing while the program runs.
 */
import { findOnPath } from './find-on-path.js';
import { mkvpropeditPath } from './interlacing.js';
import type { Limits } from './limits.js';
import type { ProcessSpec } from './process.js';
import type { Programs } from './programs.js';
import { Sandbox, detectSandbox } from './sandbox.js';
import type { SandboxSupport } from './sandbox.js';

export interface LaunchCommand {
    command: string;
    args: string[];
    env: NodeJS.ProcessEnv;
}

export interface Launcher {
    /** What protects the machine, for logs and diagnosis. */
    readonly description: string;
    /** Whether a program that a signal ended shows itself as exit code 128 + signal. */
    readonly turnsSignalsIntoCodes: boolean;
    /** The job's folder: the only place that programs may write to. */
    readonly workDir: string;
    /** The command that runs the program of `spec`. */
    wrap(spec: ProcessSpec): LaunchCommand;
}

export interface LauncherOptions {
    programs: Programs;
    /** See {@link Launcher.workDir}. */
    workDir: string;
    limits: Pick<Limits, 'memoryBytes'>;
    /** 0: as the daemon itself, to 19: only what others leave over. */
    niceness: number;
    /** `auto`: bubblewrap where it works. */
    sandbox: 'auto' | 'off';
}

/** Open files of one program: pipes, the input, outputs, libraries; enough for all of them. */
const MAX_OPEN_FILES = 1024;

/** Finds out what this machine has to hold programs on a lead; what is missing is left out. */
export async function createLauncher(options: LauncherOptions): Promise<Launcher> {
    const { programs, workDir, limits, niceness } = options;
    const [nice, setpriv, prlimit] = await Promise.all([
        niceness > 0 ? findOnPath('nice') : undefined,
        process.platform === 'linux' ? findOnPath('setpriv') : undefined,
        process.platform === 'linux' ? findOnPath('prlimit') : undefined,
    ]);
    const sandbox = options.sandbox === 'auto' ? await detectSandbox() : undefined;
    const shut = sandbox?.isAvailable
        ? await Sandbox.create(sandbox.bwrap, [
              ...Object.values(programs),
              mkvpropeditPath(programs),
          ])
        : undefined;
    const memory = limits.memoryBytes > 0 ? [`--as=${limits.memoryBytes}`] : [];
    // Where bubblewrap is set-uid it could not do its work under this.
    const privileges = shut ? [] : ['--no-new-privs'];
    const prefix = [
        ...(nice ? [nice, '-n', String(niceness)] : []),
        // The kernel ends the program when this process dies, however it dies.
        ...(setpriv ? [setpriv, '--pdeathsig', 'KILL', ...privileges, '--'] : []),
        ...(prlimit ? [prlimit, '--core=0', `--nofile=${MAX_OPEN_FILES}`, ...memory, '--'] : []),
    ];
    const env = minimalEnvironment(workDir);
    return {
        description: describe(sandbox, shut),
        turnsSignalsIntoCodes: shut !== undefined,
        workDir,
        wrap({ path, args: programArgs, reads = [] }) {
            const walls = shut?.prefix({ path, reads, workDir }) ?? [];
            const [command = path, ...args] = [...prefix, ...walls, path, ...programArgs];
            return { command, args, env };
        },
    };
}

function describe(support: SandboxSupport | undefined, shut: Sandbox | undefined): string {
    if (!support) return 'no sandbox (switched off)';
    if (!support.isAvailable) return `no sandbox (${support.reason})`;
    const outside = shut?.outside ?? [];
    return outside.length === 0 ? 'bubblewrap' : `bubblewrap, except ${outside.join(', ')}`;
}

/**
 * Programs get nothing of our environment but PATH (wrapper scripts need it) and a UTF-8 locale
 * (mkvmerge reads file names by it).
 */
function minimalEnvironment(home: string): NodeJS.ProcessEnv {
    return {
        PATH: process.env['PATH'],
        HOME: home,
        TMPDIR: home,
        LC_ALL: 'C.UTF-8',
        AV_LOG_FORCE_NOCOLOR: '1',
    };
}
