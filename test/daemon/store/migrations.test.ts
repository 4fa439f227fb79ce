import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrate } from '../../../src/daemon/store/migrations.js';
import { Store } from '../../../src/daemon/store/index.js';
import { temporaryFolder } from '../../helpers/temporary.js';

it('accounts of the first schema keep their tokens, jobs and events', () => {
    const path = join(temporaryFolder(), 'old.db');
    const token = 'a-token-of-the-first-schema';
    const old = new Database(path);
    old.pragma('foreign_keys = ON');
    migrate(old, 1);
    old.prepare(
        `INSERT INTO users (id, name, token_hash, seq, created_at) VALUES (7, 'user-x', ?, 3, 1)`,
    ).run(createHash('sha256').update(token).digest());
    old.exec(`
        INSERT INTO files (id, size, storage, created_at) VALUES ('f', 1, 's', 1);
        INSERT INTO possessions (user_id, file_id, created_at) VALUES (7, 'f', 1);
        INSERT INTO events (user_id, seq, job_id, is_progress, body) VALUES (7, 3, 'j', 0, '{}');
    `);
    old.close();

    const store = new Store(path);
    const user = store.tokens.findOrOpen(token, Date.now());
    expect(user).toMatchObject({ id: 7, name: 'user-x', role: 'user' });
    expect(store.users.lastSeq(7)).toBe(3);
    expect(store.files.isPossessed(7, 'f')).toBe(true);
    expect(store.events.after(7, 2)).toEqual([{}]);
    store.close();

    const migrated = new Database(path);
    expect(migrated.pragma('foreign_key_check')).toEqual([]);
    expect(migrated.pragma('integrity_check', { simple: true })).toBe('ok');
    migrated.close();
});

it('progress of jobs that run becomes a part of the job, and keeps its number', () => {
    const path = join(temporaryFolder(), 'old.db');
    const before = 9;
    const old = new Database(path);
    old.pragma('foreign_keys = ON');
    migrate(old, before);
    const event = (seq: number, state: string, more: object = {}): string =>
        JSON.stringify({ type: 'job.event', seq, jobId: 'j', state, ...more });
    old.exec(`
        INSERT INTO users (id, name, seq, created_at) VALUES (7, 'user-x', 3, 1);
        INSERT INTO files (id, size, storage, created_at) VALUES ('f', 1, 's', 1);
        INSERT INTO jobs (id, user_id, file_id, name, size, options, request_key, priority, pixels,
                          state, attempt, progress, created_at, updated_at)
        VALUES ('j', 7, 'f', 'a.mp4', 1, '{"preset":"medium"}', 'k', 0, 640, 'encoding', 1,
                '{"frame":2}', 1, 1);
        INSERT INTO encode_speeds (preset, pixels, seconds) VALUES ('medium', 64, 1);
        INSERT INTO events (user_id, seq, job_id, is_progress, body) VALUES
            (7, 1, 'j', 0, '${event(1, 'probing')}'),
            (7, 2, 'j', 0, '${event(2, 'encoding')}'),
            (7, 3, 'j', 1, '${event(3, 'encoding', { progress: { frame: 2 } })}');
    `);
    old.close();

    const store = new Store(path);
    expect(store.events.after(7, 1)).toEqual([
        { type: 'job.event', seq: 2, jobId: 'j', state: 'encoding' },
        { type: 'job.event', seq: 3, jobId: 'j', state: 'encoding', progress: { frame: 2 } },
    ]);
    expect(store.speeds.pending()).toMatchObject([{ id: 'j', estimatedSeconds: 10 }]);
    expect(store.jobs.progress('j', 1, { frame: 5 })?.event.seq).toBe(4);
    expect(store.events.after(7, 2).map(({ seq }) => seq)).toEqual([4]);
    expect(store.jobs.transition('j', 'packaging', 1)?.event.seq).toBe(5);
    expect(store.events.after(7, 2).map(({ seq }) => seq)).toEqual([5]);
    store.close();

    const migrated = new Database(path);
    expect(migrated.pragma('integrity_check', { simple: true })).toBe('ok');
    migrated.close();
});
