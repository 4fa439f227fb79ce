/** What the command line is given by the program's entry point, as it cannot import it itself. */
import type { Settings } from '../config/settings.js';

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

export interface CliHost {
    /** Runs the daemon until it is told to stop. */
    runDaemon(settings: Settings): Promise<void>;
    /** Looks for the programs that do the media work. */
    checkPrograms(env: NodeJS.ProcessEnv): Promise<ProgramReport[]>;
}
