/** One external program: the only module that spawns. */
import { spawn } from 'node:child_process';
import type { ChildProcess, IOType } from 'node:child_process';
import { access, constants as fileConstants } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { BrokenPipeError } from './broken-pipe.js';
import { EncodeError } from './errors.js';
import type { EncodeErrorCode } from './errors.js';
import { GulpPipe } from './gulps.js';
import type { Launcher } from './launcher.js';
import { LineSplitter, Tail } from './lines.js';
import type { ProgramName } from './programs.js';

/** Receives each line that a program writes and that nobody else has taken. */
export type LogSink = (source: ProgramName | 'encoder', line: string) => void;

/** Where a program's lines go: to the log, and into its tail. */
export interface Telling {
    onLog: LogSink;
    /** How a line is told. */
    tell: (line: string) => string;
}

export interface ProcessSpec {
    program: ProgramName;
    /** Absolute path of the program. */
    path: string;
    args: readonly string[];
    /** Files that the program may read beside itself and the work folder (for the sandbox). */
    reads?: readonly string[];
    /** `pipe`: the caller writes, or hands the stream to other programs; default: nothing. */
    stdin?: 'none' | 'pipe';
    /**
     * `log`: lines for the log and the tail (kvazaar's usage errors, mkvmerge's messages);
     * `collect`: kept as text, up to 16 MiB; a function: called for each line; a stream: given to
     * the program as it is.
     */
    stdout?: 'none' | 'log' | 'collect' | ((line: string) => void) | Writable;
    /** Sees each line of stderr first; true: taken, so neither logged nor kept in the tail. */
    onLine?: (line: string) => boolean;
    /** Whether it says something of each frame, so that its stderr is better read in gulps. */
    tellsEachFrame?: boolean;
}

/** How a program ended. Exactly one of `exitCode` and `signal` is defined. */
export interface ProcessExit {
    program: ProgramName;
    exitCode: number | undefined;
    signal: NodeJS.Signals | undefined;
    /** The last lines of stderr, and of stdout where that is a log. */
    tail: string;
    /** What was collected from stdout. */
    output: string;
}

export interface RunningProcess {
    readonly program: ProgramName;
    readonly pid: number;
    /** The writing end of the program's stdin where the spec asked for a pipe. */
    readonly stdin: Writable | undefined;
    /** Never rejects. Resolves when the program has ended and all of its output was read. */
    readonly exited: Promise<ProcessExit>;
    /** SIGTERM to the program's process group, then SIGKILL after 5 s. May be called again. */
    terminate(): void;
}

const KILL_DELAY_MS = 5000;
const MAX_COLLECTED_BYTES = 16 * 1024 * 1024;

/** Untrusted media can make a program write millions of lines; the log gets the first ones. */
const MAX_LOGGED_LINES = 2000;

/** @throws EncodeError PROGRAM_MISSING, BrokenPipeError when who was to read has ended already */
export async function startProcess(
    spec: ProcessSpec,
    launcher: Launcher,
    telling: Telling,
): Promise<RunningProcess> {
    // A wrapper would hide this failure in an exit code.
    await access(spec.path, fileConstants.X_OK).catch((cause: unknown) => {
        throw missingProgram(spec, cause);
    });
    const gulps = spec.tellsEachFrame === true ? await GulpPipe.open(launcher.workDir) : undefined;
    let child: ChildProcess;
    try {
        // From here to the start nothing is awaited: meanwhile who is to read could end.
        if (typeof spec.stdout === 'object' && spec.stdout.destroyed) throw new BrokenPipeError();
        const { command, args, env } = launcher.wrap(spec);
        child = spawn(command, args, {
            env,
            stdio: [...stdioOf(spec), gulps?.writeEnd ?? 'pipe'],
            // Its own process group, so that a signal reaches wrappers and what they start.
            detached: true,
        });
    } catch (error) {
        gulps?.abandon();
        throw error;
    }
    const exited = observe(child, spec, telling, gulps, launcher.turnsSignalsIntoCodes);
    if (child.pid === undefined) {
        const { cause } = await exited;
        throw missingProgram(spec, cause);
    }
    return new SpawnedProcess(spec.program, child, child.pid, exited);
}

/** Of stdin and stdout. */
function stdioOf({ stdin = 'none', stdout = 'none' }: ProcessSpec): (IOType | Writable)[] {
    const input = stdin === 'pipe' ? 'pipe' : 'ignore';
    if (stdout === 'none') return [input, 'ignore'];
    if (typeof stdout === 'object') return [input, stdout];
    return [input, 'pipe'];
}

function missingProgram(spec: ProcessSpec, cause: unknown): EncodeError {
    return new EncodeError('PROGRAM_MISSING', `${spec.program} cannot be started`, {
        program: spec.program,
        hint: 'Run "kvz-cloud doctor --fix".',
        cause,
    });
}

class SpawnedProcess implements RunningProcess {
    readonly program: ProgramName;
    readonly pid: number;
    readonly exited: Promise<ProcessExit>;
    readonly #child: ChildProcess;
    #killTimer: NodeJS.Timeout | undefined;
    #ended = false;

    constructor(
        program: ProgramName,
        child: ChildProcess,
        pid: number,
        exited: Promise<ObservedExit>,
    ) {
        this.program = program;
        this.#child = child;
        this.pid = pid;
        this.exited = exited.then(({ exit }) => {
            this.#ended = true;
            clearTimeout(this.#killTimer);
            // Whatever the program left behind in its group goes with it.
            this.#signal('SIGKILL');
            return exit;
        });
    }

    get stdin(): Writable | undefined {
        return this.#child.stdin ?? undefined;
    }

    terminate(): void {
        if (this.#ended || this.#killTimer) return;
        this.#signal('SIGTERM');
        this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), KILL_DELAY_MS);
    }

    #signal(signal: NodeJS.Signals): void {
        try {
            process.kill(-this.pid, signal);
        } catch {
            // The group is gone already.
        }
    }
}

interface ObservedExit {
    exit: ProcessExit;
    /** Why the program could not be started. */
    cause: unknown;
}

async function observe(
    child: ChildProcess,
    spec: ProcessSpec,
    { onLog, tell }: Telling,
    gulps: GulpPipe | undefined,
    codesHoldSignals: boolean,
): Promise<ObservedExit> {
    const tail = new Tail();
    let loggedLines = 0;
    const log = (text: string): void => {
        const line = tell(text);
        tail.add(line);
        loggedLines += 1;
        if (loggedLines <= MAX_LOGGED_LINES) onLog(spec.program, line);
        if (loggedLines === MAX_LOGGED_LINES) {
            onLog('encoder', `further lines of ${spec.program} are left out`);
        }
    };
    const errors = new LineSplitter((line) => {
        if (spec.onLine?.(line) !== true) log(line);
    });
    gulps?.start((chunk) => errors.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => errors.write(chunk));

    const collected: Buffer[] = [];
    let collectedBytes = 0;
    const messages = new LineSplitter(typeof spec.stdout === 'function' ? spec.stdout : log);
    child.stdout?.on('data', (chunk: Buffer) => {
        if (spec.stdout !== 'collect') return messages.write(chunk);
        if (collectedBytes + chunk.length > MAX_COLLECTED_BYTES) return;
        collected.push(chunk);
        collectedBytes += chunk.length;
    });
    // A program that ends early breaks its pipe; its exit tells why, the pipe need not.
    child.stdin?.on('error', () => undefined);

    return new Promise((resolve) => {
        const finish = (exitCode?: number, signal?: NodeJS.Signals, cause?: unknown): void => {
            gulps?.finish();
            errors.end();
            messages.end();
            const output = Buffer.concat(collected).toString('utf8');
            const exit = { program: spec.program, exitCode, signal, tail: tail.toString(), output };
            resolve({ exit, cause });
        };
        child.once('error', (error) => {
            if (child.pid === undefined) finish(undefined, undefined, error);
        });
        child.once('close', (code, signal) => {
            const hidden = codesHoldSignals ? signalOfCode(code) : undefined;
            if (hidden) finish(undefined, hidden);
            else finish(code ?? undefined, signal ?? undefined);
        });
    });
}

/** Shells and bubblewrap tell a death by signal as exit code 128 + number. */
function signalOfCode(code: number | null): NodeJS.Signals | undefined {
    const entry = Object.entries(constants.signals).find(([, number]) => number + 128 === code);
    return entry?.[0] as NodeJS.Signals | undefined;
}

/** The failure that a program's bad end amounts to. */
export function exitError(
    code: EncodeErrorCode,
    what: string,
    exit: ProcessExit,
    hint?: string,
): EncodeError {
    const { program, exitCode, signal, tail } = exit;
    const how = signal ? `was ended by ${signal}` : `exited with code ${exitCode ?? 'unknown'}`;
    return new EncodeError(code, `${what}: ${program} ${how}`, {
        program,
        exitCode,
        signal,
        stderrTail: tail,
        hint,
    });
}
