/**
 * The schema, as numbered steps that are only ever appended to. `PRAGMA user_version` holds the
 * number of the last step that a database has taken.
 */
import type { Database } from 'better-sqlite3';

const MIGRATIONS: readonly string[] = [
    `
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT;

    CREATE TABLE users (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL,
        token_hash BLOB NOT NULL UNIQUE,
        seq        INTEGER NOT NULL DEFAULT 0,   -- the user's last event
        created_at INTEGER NOT NULL
    ) STRICT;

    -- A complete source file, known by its content.
    CREATE TABLE files (
        id         TEXT PRIMARY KEY,             -- tree hash, hex
        size       INTEGER NOT NULL,
        storage    TEXT NOT NULL UNIQUE,         -- its name in the sources folder
        synced     INTEGER NOT NULL DEFAULT 0,   -- 1 once it is known to be on the disk itself
        created_at INTEGER NOT NULL
    ) STRICT;

    -- Who has shown to have a file: by sending it, or by proof.
    CREATE TABLE possessions (
        user_id    INTEGER NOT NULL REFERENCES users (id),
        file_id    TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (user_id, file_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE uploads (
        id         TEXT PRIMARY KEY,             -- also its name in the sources folder
        user_id    INTEGER NOT NULL REFERENCES users (id),
        file_id    TEXT NOT NULL,
        size       INTEGER NOT NULL,
        state      TEXT NOT NULL CHECK (state IN ('open', 'complete', 'failed', 'cancelled', 'expired')),
        leaves     INTEGER NOT NULL DEFAULT 0,   -- how many are here
        suspect    INTEGER NOT NULL DEFAULT 0,   -- 1: leaves are to be read again before more is taken
        created_at INTEGER NOT NULL,
        touched_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX uploads_open ON uploads (user_id, file_id) WHERE state = 'open';

    -- The leaves that an open upload has received.
    CREATE TABLE upload_leaves (
        upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
        leaf      INTEGER NOT NULL,              -- 0-based
        digest    BLOB NOT NULL,
        PRIMARY KEY (upload_id, leaf)
    ) STRICT, WITHOUT ROWID;

    -- A finished encode, known by what was asked for.
    CREATE TABLE results (
        id          TEXT PRIMARY KEY,            -- also its name in the results folder
        request_key TEXT NOT NULL UNIQUE,
        container   TEXT NOT NULL,
        bytes       INTEGER NOT NULL,
        data        TEXT NOT NULL,               -- JSON
        created_at  INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE jobs (
        id          TEXT PRIMARY KEY,
        user_id     INTEGER NOT NULL REFERENCES users (id),
        file_id     TEXT NOT NULL,
        upload_id   TEXT REFERENCES uploads (id),
        result_id   TEXT REFERENCES results (id),
        name        TEXT NOT NULL,
        size        INTEGER NOT NULL,
        raw         TEXT,                        -- JSON; NULL for containers
        options     TEXT NOT NULL,               -- JSON, as asked for
        request_key TEXT NOT NULL,               -- equal for requests that mean the same
        priority    INTEGER NOT NULL,
        state       TEXT NOT NULL,
        attempt     INTEGER NOT NULL DEFAULT 0,
        progress    TEXT,                        -- JSON
        failure     TEXT,                        -- JSON
        created_at  INTEGER NOT NULL,
        updated_at  INTEGER NOT NULL,
        started_at  INTEGER,
        finished_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX jobs_same_request ON jobs (user_id, request_key)
        WHERE state NOT IN ('failed', 'cancelled', 'expired');
    CREATE INDEX jobs_queue ON jobs (state, priority DESC, created_at);
    CREATE INDEX jobs_of_user ON jobs (user_id, created_at);
    CREATE INDEX jobs_of_upload ON jobs (upload_id);
    CREATE INDEX jobs_of_result ON jobs (result_id);
    CREATE INDEX jobs_of_file ON jobs (file_id);
    CREATE INDEX jobs_by_key ON jobs (request_key, state);

    -- What happened, for clients that were away. Of a job's progress only the latest is kept.
    CREATE TABLE events (
        user_id     INTEGER NOT NULL REFERENCES users (id),
        seq         INTEGER NOT NULL,
        job_id      TEXT NOT NULL,
        is_progress INTEGER NOT NULL,
        body        TEXT NOT NULL,               -- JSON
        PRIMARY KEY (user_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX events_of_job ON events (job_id, is_progress);
    `,
    `
    -- When a result last became a job's or was downloaded; it expires some time after that.
    ALTER TABLE results ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
    UPDATE results SET used_at = unixepoch() * 1000;
    CREATE INDEX results_by_use ON results (used_at);

    -- What of a result has been sent to a user, where downloads are limited.
    CREATE TABLE deliveries (
        user_id    INTEGER NOT NULL REFERENCES users (id),
        result_id  TEXT NOT NULL REFERENCES results (id) ON DELETE CASCADE,
        id         TEXT NOT NULL,                -- what its requests have in common
        ranges     TEXT NOT NULL,                -- JSON, [[from, to), …], bytes
        sent_bytes INTEGER NOT NULL,
        whole      INTEGER NOT NULL,             -- 1: all of the file has been sent
        PRIMARY KEY (user_id, result_id, id)
    ) STRICT, WITHOUT ROWID;
    `,
    `
    -- Tokens get a table of their own: an account may have had several, and those that were issued
    -- have a role and an end. users is made anew, as SQLite cannot drop a column that is UNIQUE.
    PRAGMA defer_foreign_keys = ON;
    CREATE TABLE users_before AS SELECT * FROM users;
    DROP TABLE users;
    CREATE TABLE users (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL,
        seq        INTEGER NOT NULL DEFAULT 0,   -- the user's last event
        created_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO users (id, name, seq, created_at) SELECT id, name, seq, created_at FROM users_before;
    CREATE INDEX users_by_name ON users (name);

    CREATE TABLE tokens (
        id         INTEGER PRIMARY KEY,
        user_id    INTEGER NOT NULL REFERENCES users (id),
        hash       BLOB NOT NULL UNIQUE,         -- SHA-256
        role       TEXT NOT NULL CHECK (role IN ('user', 'admin', 'worker')),
        issued     INTEGER NOT NULL,             -- 0: it opened its account itself
        created_at INTEGER NOT NULL,
        expires_at INTEGER,                      -- NULL: never
        revoked_at INTEGER,
        used_at    INTEGER                       -- last use, to the minute
    ) STRICT;
    CREATE INDEX tokens_of_user ON tokens (user_id);
    INSERT INTO tokens (user_id, hash, role, issued, created_at)
        SELECT id, token_hash, 'user', 0, created_at FROM users_before;
    DROP TABLE users_before;
    `,
    `
    -- Whose turn it is: higher for the user who was given a worker later.
    ALTER TABLE users ADD COLUMN served INTEGER NOT NULL DEFAULT 0;

    ALTER TABLE jobs ADD COLUMN retry_at INTEGER;                    -- a queued job waits until then
    ALTER TABLE jobs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;  -- automatic ones so far
    ALTER TABLE jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;  -- attempts that the daemon did not survive
    ALTER TABLE jobs ADD COLUMN pixels INTEGER;                      -- of all frames; NULL: not known

    -- How fast encodes were, older ones counting less.
    CREATE TABLE encode_speeds (
        preset  TEXT PRIMARY KEY,
        pixels  REAL NOT NULL,
        seconds REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    `,
    `
    -- The worker on another machine that holds a running job; NULL: this daemon's own.
    ALTER TABLE jobs ADD COLUMN worker TEXT;

    -- Set where an upload is a worker's result: JSON, what is told of it.
    ALTER TABLE uploads ADD COLUMN result TEXT;
    ALTER TABLE uploads ADD COLUMN result_frames BLOB;   -- gzipped CSV, until the result is here
    `,
    `
    -- What webhooks and the operator's program are still to be told.
    CREATE TABLE notifications (
        id         TEXT PRIMARY KEY,
        target     TEXT NOT NULL,                -- a URL, or 'command'
        job_id     TEXT NOT NULL,
        user_id    INTEGER NOT NULL,
        body       TEXT NOT NULL,                -- JSON
        failures   INTEGER NOT NULL DEFAULT 0,
        due_at     INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX notifications_due ON notifications (due_at);
    `,
    `
    -- Counting a user's jobs looks at nothing else.
    CREATE INDEX jobs_of_user_by_state ON jobs (user_id, state);
    `,
    `
    -- Events up to this one are no longer kept.
    ALTER TABLE users ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;
    `,
    `
    -- The user's jobs that ended last.
    CREATE INDEX jobs_of_user_by_end ON jobs (user_id, finished_at) WHERE finished_at IS NOT NULL;
    `,
    `
    -- Each change of a job's state writes each index that has the state in it, so there is one. It
    -- counts all jobs or a user's, and leads to the next job of each user without reading the others.
    DROP INDEX jobs_queue;
    DROP INDEX jobs_of_user_by_state;
    DROP INDEX jobs_by_key;
    CREATE INDEX jobs_by_state ON jobs (state, user_id, priority DESC);
    CREATE INDEX jobs_by_key ON jobs (request_key);

    -- Progress is not kept as an event any more: the job has the latest, and here its number.
    ALTER TABLE jobs ADD COLUMN progress_seq INTEGER;
    UPDATE jobs SET progress_seq =
        (SELECT seq FROM events WHERE job_id = jobs.id AND is_progress = 1);
    DELETE FROM events WHERE is_progress = 1;
    DROP INDEX events_of_job;
    ALTER TABLE events DROP COLUMN is_progress;
    CREATE INDEX events_of_job ON events (job_id);

    -- How much there is to encode is the same for all jobs of a container.
    ALTER TABLE files ADD COLUMN pixels INTEGER;                     -- of all frames; NULL: not known
    UPDATE files SET pixels =
        (SELECT max(pixels) FROM jobs WHERE file_id = files.id AND raw IS NULL);
    UPDATE jobs SET pixels = NULL WHERE raw IS NULL;
    `,
];

/** The newest schema. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * @param target the schema to stop at, for tests; by default the newest
 * @throws Error when the database was written by a newer version of the program
 */
export function migrate(db: Database, target = MIGRATIONS.length): void {
    const version = Number(db.pragma('user_version', { simple: true }));
    if (version > MIGRATIONS.length) {
        throw new Error(
            `the database has schema ${version}, this version knows ${MIGRATIONS.length}: update kvz-cloud`,
        );
    }
    for (const [index, sql] of MIGRATIONS.slice(0, target).entries()) {
        if (index < version) continue;
        db.transaction(() => {
            db.exec(sql);
            db.pragma(`user_version = ${index + 1}`);
        }).immediate();
    }
}
