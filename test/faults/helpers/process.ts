/** The built command as a process that a test watches, signals and kills. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const BIN = fileURLToPath(new URL('../../../bin/kvz-cloud.js', import.meta.url));

/** Longer than anything that a test waits for takes on a busy machine. */
const WAIT_LIMIT_MS = 110_000;

export interface Ending {
    status: number | null;
    signal: NodeJS.Signals | null;
}

export class CommandProcess {
    readonly pid: number;
    /** Lines of stdout and of stderr so far. */
    readonly output: string[] = [];
    readonly messages: string[] = [];
    readonly ended: Promise<Ending>;
    readonly #child: ChildProcess;
    readonly #waiting = new Set<() => void>();
    #hasEnded = false;

    constructor(args: readonly string[], options: { env: NodeJS.ProcessEnv; cwd: string }) {
        const child = spawn(process.execPath, [BIN, ...args], {
            ...options,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        this.#child = child;
        if (child.pid === undefined) throw new Error('the command could not be started');
        this.pid = child.pid;
        this.#collect(child.stdout, this.output);
        this.#collect(child.stderr, this.messages);
        this.ended = new Promise((resolve) => {
            child.once('close', (status, signal) => {
                this.#hasEnded = true;
                this.#look();
                resolve({ status, signal });
            });
        });
        onTestFinished(async () => {
            child.kill('SIGKILL');
            await this.ended;
        });
    }

    get hasEnded(): boolean {
        return this.#hasEnded;
    }

    /** Waits for a line of stdout or stderr, past or to come. @throws Error when it ends before */
    async line(fits: (line: string) => boolean): Promise<string> {
        return new Promise((resolve, reject) => {
            const said = (): string => [...this.output, ...this.messages].slice(-20).join('\n');
            const settle = (done: () => void): void => {
                this.#waiting.delete(look);
                clearTimeout(timer);
                done();
            };
            const look = (): void => {
                const found = this.output.find(fits) ?? this.messages.find(fits);
                if (found !== undefined) settle(() => resolve(found));
                else if (this.#hasEnded) {
                    settle(() => reject(new Error(`the command has ended:\n${said()}`)));
                }
            };
            const timer = setTimeout(
                () => settle(() => reject(new Error(`nothing came in time:\n${said()}`))),
                WAIT_LIMIT_MS,
            );
            this.#waiting.add(look);
            look();
        });
    }

    /** Sends a signal and waits for the end. */
    async end(signal: NodeJS.Signals): Promise<Ending> {
        this.#child.kill(signal);
        return this.ended;
    }

    #collect(stream: NodeJS.ReadableStream | null, lines: string[]): void {
        let rest = '';
        stream?.setEncoding('utf8').on('data', (text: string) => {
            const parts = (rest + text).split('\n');
            rest = parts.pop() ?? '';
            lines.push(...parts);
            this.#look();
        });
    }

    #look(): void {
        for (const look of this.#waiting) look();
    }
}

export type JsonEvent = { event: string } & Record<string, unknown>;

/** `kvz-cloud encode --json`: its lines as events. */
export class EncodeProcess extends CommandProcess {
    get events(): JsonEvent[] {
        return this.output
            .filter((line) => line.startsWith('{'))
            .map((line) => JSON.parse(line) as JsonEvent);
    }

    /** The events of a kind so far. */
    all(name: string): JsonEvent[] {
        return this.events.filter(({ event }) => event === name);
    }

    /** Waits until there have been so many events of a kind. */
    async count(name: string, least: number): Promise<void> {
        await this.line(() => this.all(name).length >= least);
    }

    /** The last event of a kind so far. */
    last(name: string): JsonEvent | undefined {
        return this.events.findLast(({ event }) => event === name);
    }

    /** Waits for an event of a kind, past or to come, that fits. */
    async event(
        name: string,
        fits: (event: JsonEvent) => boolean = () => true,
    ): Promise<JsonEvent> {
        const isIt = (line: string): boolean => {
            if (!line.startsWith('{')) return false;
            const event = JSON.parse(line) as JsonEvent;
            return event.event === name && fits(event);
        };
        return JSON.parse(await this.line(isIt)) as JsonEvent;
    }
}
