/** `probe()` for callers that have no job yet. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JobInput } from './job.js';
import { createLauncher } from './launcher.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { Limits } from './limits.js';
import { probeInput } from './probe.js';
import type { Programs } from './programs.js';
import type { SourceInfo } from './source-info.js';
import { Supervisor } from './supervisor.js';

export interface ProbeOptions {
    limits?: Limits;
    signal?: AbortSignal;
    sandbox?: 'auto' | 'off';
}

/**
 * Reads the headers of a source.
 * @throws EncodeError when it cannot be encoded; see `probeInput()`
 */
export async function probe(
    programs: Programs,
    input: JobInput,
    { limits = DEFAULT_LIMITS, signal, sandbox = 'auto' }: ProbeOptions = {},
): Promise<SourceInfo> {
    const workDir = await mkdtemp(join(tmpdir(), 'kvz-probe-'));
    const supervisor = new Supervisor({
        launcher: await createLauncher({ programs, workDir, limits, niceness: 0, sandbox }),
        limits,
        signal,
        onLog: () => undefined,
        measureActivity: () => Promise.resolve(0),
    });
    try {
        const absolute = { ...input, path: resolve(input.path) };
        return await probeInput(supervisor, { programs, input: absolute, limits, workDir });
    } finally {
        await supervisor.close();
        await rm(workDir, { recursive: true, force: true });
    }
}
