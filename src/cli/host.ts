/** What the command line is given by the program's entry point, as it cannot import it itself. */
import type { Settings } from '../config/settings.js';
import type { WorkerOptions } from '../config/worker-options.js';
import type { TokenInfo } from '../protocol/messages.js';
import type { Role } from '../protocol/roles.js';

export interface ProgramReport {
    name: string;
    /** The environment variable that may name its path. */
    variable: string;
    path?: string;
    /** What led to it: the environment variable, PATH, or a tools folder. */
    source?: string;
    /** Not set when it does not run. */
    version?: string;
}

/** One option of kvazaar, as text for people. */
export interface KvazaarOptionInfo {
    name: string;
    usage: string;
    /** The heading under which kvazaar's help has it. */
    group: string;
    class: 'allowed' | 'ours' | 'refused';
    help: string;
    values: string;
    default: string;
    /** Value by preset, for options that presets set. */
    presets: Readonly<Record<string, string>>;
    /** Why a request cannot set it. */
    reason?: string;
    note?: string;
}

/** Issues and ends tokens. Each throws KvzError with the daemon's codes. */
export interface TokenKeeper {
    create(name: string, role: Role, expiresInSeconds?: number): MaybePromise<NewToken>;
    list(): MaybePromise<TokenInfo[]>;
    revoke(name: string): MaybePromise<TokenInfo>;
}

export type NewToken = TokenInfo & { token: string };
type MaybePromise<T> = T | Promise<T>;

export interface CliHost {
    /** All options of the kvazaar that this version knows. */
    listKvazaarOptions(): Promise<KvazaarOptionInfo[]>;
    /** By long or short name, with or without dashes. */
    findKvazaarOption(name: string): Promise<KvazaarOptionInfo | undefined>;
    /** What kvazaar's options may be called on a command line, with their meaning. */
    completeKvazaarOptions(): Promise<{ value: string; help: string }[]>;
    /** Likely values of an option of kvazaar; undefined for one that takes none. */
    completeKvazaarValue(name: string): Promise<readonly string[] | undefined>;
    /** The names of kvazaar's presets, the fastest first. */
    listPresets(): Promise<readonly string[]>;
    /** The tokens of a data folder on this machine, whether its daemon runs or not. */
    tokensOf(dataDir: string): Promise<TokenKeeper>;
    /** Copies the database of a data folder, while its daemon runs or not. @throws KvzError */
    backUpDatabase(dataDir: string, target: string, force: boolean): Promise<void>;
    /** Runs the daemon until it is told to stop. */
    runDaemon(settings: Settings): Promise<void>;
    /** Encodes for a daemon elsewhere until it is told to stop. */
    runWorker(options: WorkerOptions): Promise<void>;
    /** Why media cannot be read in a sandbox on this machine; undefined when it can. */
    sandboxProblem(): Promise<string | undefined>;
    /**
     * Compares files and rows of a data folder, without changing anything.
     * @param isRunning a daemon uses it
     * @returns what is wrong, each with how often; undefined when there is no database yet
     */
    checkData(dataDir: string, isRunning: boolean): Promise<[string, number][] | undefined>;
    /** Looks for the programs that do the media work. */
    checkPrograms(env: NodeJS.ProcessEnv): Promise<ProgramReport[]>;
}
