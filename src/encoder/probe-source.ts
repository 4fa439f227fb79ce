/** `probe()` for callers that have no job yet. */
import { tmpdir } from 'node:os';
import type { JobInput } from './job.js';
import { directLauncher } from './launcher.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { Limits } from './limits.js';
import { probeInput } from './probe.js';
import type { Programs } from './programs.js';
import type { SourceInfo } from './source-info.js';
import { Supervisor } from './supervisor.js';

export interface ProbeOptions {
    limits?: Limits;
    signal?: AbortSignal;
}

/**
 * Reads the headers of a source.
 * @throws EncodeError when it cannot be encoded; see `probeInput()`
 */
export async function probe(
    programs: Programs,
    input: JobInput,
    { limits = DEFAULT_LIMITS, signal }: ProbeOptions = {},
): Promise<SourceInfo> {
    const supervisor = new Supervisor({
        launcher: await directLauncher({ workDir: tmpdir() }),
        limits,
        signal,
        onLog: () => undefined,
        measureActivity: () => Promise.resolve(0),
    });
    try {
        return await probeInput(supervisor, programs, input, limits);
    } finally {
        await supervisor.close();
    }
}
