/** Jobs with sensible defaults for tests, and what must hold after each of them. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
    DEFAULT_LIMITS,
    EncodeError,
    encode,
    parseKvazaarOptions,
} from '../../../src/encoder/index.js';
import type { EncodeEvent, EncodeJob, EncodeResult, JobInput } from '../../../src/encoder/index.js';
import { programs } from './media.js';

export interface Encoded {
    result: EncodeResult;
    outputPath: string;
    events: EncodeEvent[];
}

export type JobOverrides = Partial<Omit<EncodeJob, 'options'>> & {
    kvazaar?: readonly string[];
    preset?: string;
};

async function makeJob(
    folder: string,
    input: string | JobInput,
    overrides: JobOverrides,
): Promise<EncodeJob & { events: EncodeEvent[] }> {
    const { kvazaar = [], preset = 'ultrafast', ...rest } = overrides;
    const container = rest.container ?? 'mkv';
    const jobFolder = await mkdtemp(join(folder, 'job-'));
    const workDir = join(jobFolder, 'work');
    await mkdir(workDir);
    const events: EncodeEvent[] = [];
    return {
        programs,
        input: typeof input === 'string' ? { path: input, kind: 'container' } : input,
        container,
        outputPath: join(jobFolder, `result.${container}`),
        workDir,
        options: parseKvazaarOptions(preset, kvazaar),
        logo: { enabled: false },
        threads: 2,
        limits: DEFAULT_LIMITS,
        onEvent: (event) => events.push(event),
        ...rest,
        events,
    };
}

/** Encodes, and checks that the work folder was left empty. */
export async function encodeClip(
    folder: string,
    input: string | JobInput,
    overrides: JobOverrides = {},
): Promise<Encoded> {
    const job = await makeJob(folder, input, overrides);
    const result = await encode(job);
    expect(await readdir(job.workDir)).toEqual([]);
    return { result, outputPath: job.outputPath, events: job.events };
}

/** Encodes what must fail, and checks that nothing is left of it. */
export async function encodeFails(
    folder: string,
    input: string | JobInput,
    overrides: JobOverrides = {},
): Promise<EncodeError> {
    const job = await makeJob(folder, input, overrides);
    const outcome: unknown = await encode(job).catch((error: unknown) => error);
    expect(await readdir(job.workDir)).toEqual([]);
    expect(existsSync(job.outputPath)).toBe(false);
    await rm(job.workDir, { recursive: true });
    if (!(outcome instanceof EncodeError))
        throw new Error('expected an EncodeError', { cause: outcome });
    expect(outcome.message).not.toContain('\n');
    return outcome;
}
