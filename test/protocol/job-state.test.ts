import { describe, expect, it } from 'vitest';
import {
    canTransition,
    isEnd,
    isRunning,
    JOB_STATES,
    statesBefore,
} from '../../src/protocol/job-state.js';

describe('job states', () => {
    it('lead from the upload to the result in order', () => {
        const way = ['uploading', 'queued', 'probing', 'encoding', 'packaging', 'ready'] as const;
        const steps = way.slice(1).map((next, i) => canTransition(way[i] ?? next, next));
        expect(steps).toEqual(way.slice(1).map(() => true));
    });

    it('lead back to the queue from wherever a worker held the job', () => {
        for (const state of JOB_STATES.filter(isRunning)) {
            expect(canTransition(state, 'queued')).toBe(true);
        }
        expect(canTransition('ready', 'queued')).toBe(false);
    });

    it('can be cancelled and can fail unless they are ends', () => {
        for (const state of JOB_STATES) {
            expect(canTransition(state, 'cancelled')).toBe(!isEnd(state));
            expect(canTransition(state, 'failed')).toBe(!isEnd(state));
        }
    });

    it('name their predecessors as the table does', () => {
        for (const to of JOB_STATES) {
            for (const from of JOB_STATES) {
                expect(statesBefore(to).includes(from)).toBe(canTransition(from, to));
            }
        }
    });
});
