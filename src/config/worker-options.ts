/** What a worker on a machine of its own is told: by the command line, which cannot know the worker. */
export interface WorkerOptions {
    /** http(s)://HOST:PORT of the daemon. */
    server: string;
    /** With the role `worker`. */
    token: string;
    /** The authorities (PEM) that certificates must be of; default: the usual ones. */
    ca: string | undefined;
    /** See `parseRedisAddress()`. */
    queue: string;
    /** By default the name of the machine. */
    name: string | undefined;
    /** Jobs at a time, at least 1. */
    slots: number;
    /** Cores that the jobs share. */
    threads: number;
    niceness: number;
    /** For sources and results; one worker process at a time uses it. */
    folder: string;
    /** Of sources that are kept for later jobs. */
    cacheBytes: number;
    /** Where the daemon's data folder is mounted here. */
    sharedDir: string | undefined;
    /** Whether results are put there, too. */
    sharesResults: boolean;
    /** Told what happens, as a line for the log. */
    onLine: (line: string) => void;
}
