import { expect, it } from 'vitest';
import { Backlog } from '../../../src/daemon/uploads/backlog.js';

/** Adds a leaf. @returns what ends its work, and a promise of that end */
function begin(backlog: Backlog): { finish: (error?: Error) => void; ended: Promise<void> } {
    let finish = (_error?: Error): void => undefined;
    const work = new Promise<void>((resolve, reject) => {
        finish = (error) => (error ? reject(error) : resolve());
    });
    return { finish, ended: backlog.add(() => work) };
}

/** Adds leaves until there is no room. */
function fill(backlog: Backlog): { leaves: ReturnType<typeof begin>[]; room: Promise<void> } {
    const leaves: ReturnType<typeof begin>[] = [];
    for (;;) {
        leaves.push(begin(backlog));
        const room = backlog.room();
        if (room) return { leaves, room };
        expect(leaves.length).toBeLessThan(100);
    }
}

it('lets those who receive go on when a leaf is stored, one for each', async () => {
    const backlog = new Backlog();
    const { leaves, room } = fill(backlog);
    let others = 0;
    const other = backlog.room()?.then(() => (others += 1));
    leaves[0]?.finish();
    await room;
    expect(others).toBe(0);
    leaves[1]?.finish();
    await other;
    expect(others).toBe(1);
    expect(backlog.room()).toBeUndefined();
});

it('has room again after a leaf that could not be stored', async () => {
    const backlog = new Backlog();
    const { leaves, room } = fill(backlog);
    leaves[0]?.finish(new Error('disk full'));
    await expect(leaves[0]?.ended).rejects.toThrow('disk full');
    await room;
    expect(backlog.room()).toBeUndefined();
});

it('begins no more than there is room for, and wakes the next when one that was woken does not', async () => {
    const backlog = new Backlog();
    const ends: (() => void)[] = [];
    const add = (): void => {
        void backlog.add(() => new Promise<void>((resolve) => ends.push(resolve)));
    };
    const begun: number[] = [];
    const waiting = Array.from({ length: 8 }, (_, i) =>
        backlog.whenRoom(() => {
            begun.push(i);
            // The fifth has gone meanwhile.
            if (i !== 4) add();
        }),
    );
    await Promise.all(waiting.slice(0, 4));
    expect(begun).toEqual([0, 1, 2, 3]);
    ends.shift()?.();
    await Promise.all(waiting.slice(0, 6));
    expect(begun).toEqual([0, 1, 2, 3, 4, 5]);
    ends.shift()?.();
    ends.shift()?.();
    await Promise.all(waiting);
    expect(begun).toHaveLength(8);
    expect(ends).toHaveLength(4);
});
