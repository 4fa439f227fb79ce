// How true the time left was that an encode told, from the lines of `encode --json`.
import { median } from './stats.mjs';

/** Estimates count as right within this part of the truth. */
const TOLERANCE = 0.2;
/** The part of an encode in which it may find out. */
const FIRST_PART = 0.1;
/** What is told is in whole seconds, so that little can be said of less than this. */
export const LEAST_LEFT_SECONDS = 3;

/**
 * @param lines of `--json`, as objects
 * @returns of the time after the first tenth of the encoding, the share in which the ETA was right
 * within 20 %, and the median error as a part of what was really left
 * @throws Error where the lines are not those of one job that became ready
 */
export function etaAccuracy(lines) {
    const jobs = lines.filter(({ event }) => event === 'job');
    const timeOf = (line) => Date.parse(line?.time) / 1000;
    const begin = timeOf(jobs.find(({ state }) => state === 'encoding'));
    const end = timeOf(jobs.find(({ state }) => state === 'ready'));
    const first = begin + FIRST_PART * (end - begin);
    const told = jobs
        .filter(({ state }) => state === 'encoding')
        .map((line) => ({ at: timeOf(line), etaSeconds: line.etaSeconds }))
        .filter(({ at }) => at >= first && end - at >= LEAST_LEFT_SECONDS);
    if (told.length < 2) throw new Error('the job told nothing of the time that it would take');
    const errors = told.map(
        ({ at, etaSeconds = 0 }) => Math.abs(etaSeconds - (end - at)) / (end - at),
    );
    // Each estimate stands until the next one comes.
    const until = (index) => told[index + 1]?.at ?? end - LEAST_LEFT_SECONDS;
    let [right, all] = [0, 0];
    for (const [index, { at }] of told.entries()) {
        const stood = Math.max(0, until(index) - at);
        all += stood;
        if (errors[index] <= TOLERANCE) right += stood;
    }
    return { share: right / all, medianError: median(errors) };
}
