import { expect, it } from 'vitest';
import { newFileModel, reduce } from '../../../src/cli/ui/model.js';
import { statusText } from '../../../src/cli/ui/status-line.js';

const COUNTS = { done: 3, known: 0, failed: 0, left: 0, running: 1, waiting: 2 };

const MODEL = reduce(newFileModel('in/a-film-with-a-name.mp4'), {
    ...{ event: 'job', jobId: 'a', state: 'encoding' },
    ...{ frame: 204, frames: 377, fps: 31.2, percent: 54.1, etaSeconds: 5.4 },
});

it.each([
    [
        200,
        '1 at work, 2 waiting, 3 done | in/a-film-with-a-name.mp4: encoding 54 %, 204/377 frames, 31.2 fps, 0:05 left',
    ],
    [
        100,
        '1 at work, 2 waiting, 3 done | in/a-fil…name.mp4: encoding 54 %, 204/377 frames, 31.2 fps, 0:05 left',
    ],
    [80, '1 at work, 2 waiting, 3 done | in/a-film-with-a-name.mp4: encoding 54 %'],
    [60, '1 at work, 2 waiting, 3 done | in/a-fi…me.mp4: encoding 54 %'],
    [50, '1 at work, 2 waiting, 3 done | encoding 54 %'],
    [39, '1 at work, 2 waiting, 3 done'],
    [20, '1 at work,…g, 3 done'],
])('has at most %i columns, and what matters most', (width, expected) => {
    const text = statusText(COUNTS, [MODEL], width);
    expect(text.length).toBeLessThanOrEqual(width);
    expect(text).toBe(expected);
});

it('tells of nothing that goes on', () => {
    expect(statusText({ ...COUNTS, running: 0, waiting: 0, failed: 1 }, [], 80)).toBe(
        'watching: 3 done, 1 failed',
    );
});
