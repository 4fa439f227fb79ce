/** A daemon as a process of its own, which can be killed and started anew. */
import { join } from 'node:path';
import { CommandProcess } from './process.js';

export class DaemonProcess {
    readonly dataDir: string;
    readonly port: number;
    /** How many processes there were. */
    starts = 0;
    readonly #env: NodeJS.ProcessEnv;
    readonly #folder: string;
    #process: CommandProcess | undefined;

    /** @param folder KVZ_CLOUD_HOME. @param dataDir where its data are; by default below the home */
    constructor(
        folder: string,
        env: NodeJS.ProcessEnv,
        port: number,
        dataDir = join(folder, 'data'),
    ) {
        this.#folder = folder;
        this.#env = env;
        this.port = port;
        this.dataDir = dataDir;
    }

    /** Starts a process without waiting for it. */
    spawn(): CommandProcess {
        const args = ['daemon', 'run', '--port', String(this.port), '--data-dir', this.dataDir];
        this.#process = new CommandProcess(args, { env: this.#env, cwd: this.#folder });
        this.starts += 1;
        return this.#process;
    }

    /** Starts a process and waits until it takes requests. */
    async start(): Promise<void> {
        await this.spawn().line((line) => line.includes('"msg":"daemon runs"'));
    }

    /** Waits until the process that runs now has compared rows and files. */
    async repaired(): Promise<void> {
        await this.#process?.line((line) => line.includes('"msg":"rows and files are compared"'));
    }

    /** kill -9. @returns when the process is gone */
    async kill(): Promise<void> {
        await this.#process?.end('SIGKILL');
    }

    /** The process that runs now. */
    get pid(): number {
        if (!this.#process) throw new Error('the daemon was not started');
        return this.#process.pid;
    }

    get hasEnded(): boolean {
        return this.#process?.hasEnded ?? true;
    }

    /** The last lines of the process that runs now, or ran. */
    get said(): string {
        const { output = [], messages = [] } = this.#process ?? {};
        return [...output.slice(-5), ...messages.slice(-20)].join('\n');
    }

    signal(signal: NodeJS.Signals): void {
        process.kill(this.pid, signal);
    }

    /** Ends it in good order. @returns its exit status */
    async stop(): Promise<number | null> {
        const ending = await this.#process?.end('SIGTERM');
        return ending?.status ?? null;
    }
}
