/** Looks at a result that was made elsewhere, before it is taken for one. */
import { decodeEnds } from './decode-result.js';
import type { Container } from './job.js';
import { createLauncher } from './launcher.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { Programs } from './programs.js';
import { Supervisor } from './supervisor.js';
import { readContents } from './verify.js';
import { verificationError } from './verification.js';
import { folderActivity } from './work-folder.js';

export interface ResultCheck {
    programs: Programs;
    /** In `workDir`, as programs see nothing else. */
    path: string;
    container: Container;
    /** Frames that it must have. */
    frames: number;
    workDir: string;
    signal?: AbortSignal;
}

const MICROSECONDS = { num: 1, den: 1_000_000 };

/**
 * Counts the frames of a result and decodes the first and the last ones.
 * @throws EncodeError VERIFICATION_FAILED; the signal's reason
 */
export async function checkResult(check: ResultCheck): Promise<void> {
    const { programs, path: resultPath, container, frames, workDir, signal } = check;
    const limits = DEFAULT_LIMITS;
    const supervisor = new Supervisor({
        launcher: await createLauncher({
            ...{ programs, workDir, limits },
            niceness: 0,
            sandbox: 'auto',
        }),
        limits,
        signal,
        onLog: () => undefined,
        measureActivity: () => folderActivity(workDir),
    });
    try {
        const { times } = await readContents(supervisor, { programs, resultPath });
        if (times.length !== frames) {
            throw verificationError(`the result has ${times.length} frames instead of ${frames}`);
        }
        const ticks = times
            .filter((time) => Number.isFinite(time))
            .map((seconds) => Math.round(seconds * MICROSECONDS.den))
            .sort((a, b) => a - b);
        const timeline = { ticks, timeBase: MICROSECONDS };
        await decodeEnds(supervisor, { programs, resultPath, container, workDir, timeline });
    } finally {
        await supervisor.close();
    }
}
