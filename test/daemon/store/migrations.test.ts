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
