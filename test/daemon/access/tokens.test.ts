import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../../src/daemon/access/authenticator.js';
import { requireAdmin, requireUserRights } from '../../../src/daemon/access/rights.js';
import { lockDataFolder } from '../../../src/daemon/data-lock.js';
import { openFolders } from '../../../src/daemon/folders.js';
import { Store } from '../../../src/daemon/store/index.js';
import { TokenAdmin, withTokensOf } from '../../../src/daemon/access/token-admin.js';
import { ROLES } from '../../../src/protocol/roles.js';
import { newToken, startTestDaemon, TestClient } from '../../helpers/daemon.js';
import { temporaryFolder } from '../../helpers/temporary.js';

const HERE = '127.0.0.1';
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('issued tokens', () => {
    it('open the account of their name until they are revoked', () => {
        const store = new Store(':memory:');
        const admin = new TokenAdmin(store.tokens);
        const first = admin.create('anna', 'user');
        const user = store.tokens.find(first.token, Date.now(), true);
        expect(user).toMatchObject({ name: 'anna', role: 'user', expiresAt: undefined });
        expect(() => admin.create('anna', 'user')).toThrow(code('TOKEN_EXISTS'));

        admin.revoke('anna');
        expect(store.tokens.find(first.token, Date.now())).toBeUndefined();
        expect(() => admin.revoke('anna')).toThrow(code('UNKNOWN_TOKEN'));

        const second = admin.create('anna', 'admin');
        expect(second.token).not.toBe(first.token);
        expect(store.tokens.find(second.token, Date.now())).toMatchObject({
            id: user?.id,
            role: 'admin',
        });
        expect(store.tokens.find(first.token, Date.now())).toBeUndefined();
        store.close();
    });

    it('end when their time is over', () => {
        const store = new Store(':memory:');
        const token = store.tokens.issue('anna', 'user', 1000, 5000) ?? '';
        expect(store.tokens.find(token, 4999)).toMatchObject({ expiresAt: 5000 });
        expect(store.tokens.find(token, 5000)).toBeUndefined();
        expect(store.tokens.findOrOpen(token, 5000)).toBeUndefined();
        expect(store.tokens.list(5000)).toMatchObject([{ name: 'anna', state: 'expired' }]);
        // The account is free for a new one.
        expect(store.tokens.issue('anna', 'user', 5000)).toBeTypeOf('string');
        store.close();
    });

    it.each(['', '-x', '.hidden', '../x', 'a b', 'a\n', 'ä', '__proto__', 'x'.repeat(65)])(
        'are not made for the name %j',
        (name) => {
            const store = new Store(':memory:');
            expect(() => new TokenAdmin(store.tokens).create(name, 'user')).toThrow(
                code('BAD_MESSAGE'),
            );
            store.close();
        },
    );

    it('are stored as digests only', () => {
        const folder = temporaryFolder();
        const { database } = openFolders(folder);
        const { token } = withTokensOf(folder, (admin) => admin.create('anna', 'user'));
        const store = new Store(database);
        expect(store.tokens.find(token, Date.now())?.name).toBe('anna');
        store.close();
        expect(JSON.stringify(withTokensOf(folder, (admin) => admin.list()))).not.toContain(token);
    });

    it('are not touched where an older daemon is running on the folder', () => {
        const folder = temporaryFolder();
        openFolders(folder);
        const unlock = lockDataFolder(folder);
        expect(() => withTokensOf(folder, (admin) => admin.list())).toThrow(code('WRONG_STATE'));
        unlock();
        expect(withTokensOf(folder, (admin) => admin.list())).toEqual([]);
    });
});

describe('access', () => {
    it('"open" gives any token an account, "issued" only those that were issued', () => {
        const store = new Store(':memory:');
        const own = newToken();
        const issued = store.tokens.issue('anna', 'user', Date.now()) ?? '';
        const open = new Authenticator(store, { access: 'open', failedLoginsPerMinute: 20 });
        const closed = new Authenticator(store, { access: 'issued', failedLoginsPerMinute: 20 });
        expect(open.userOf(own, HERE).name).toMatch(/^user-[0-9a-f]{8}$/);
        expect(open.userOf(own, HERE).id).toBe(open.userOf(own, HERE).id);
        expect(open.userOf(issued, HERE).name).toBe('anna');
        expect(closed.userOf(issued, HERE).name).toBe('anna');
        for (const token of [own, newToken(), '', 'short', `${issued}x`]) {
            expect(() => closed.userOf(token, HERE)).toThrow(code('NOT_AUTHORISED'));
        }
        store.tokens.revoke('anna', Date.now());
        expect(() => open.userOf(issued, HERE)).toThrow(code('NOT_AUTHORISED'));
        store.close();
    });

    it('makes the owner of an open daemon its admin, and nobody else', () => {
        const store = new Store(':memory:');
        const file = join(temporaryFolder(), 'token');
        const owner = newToken();
        const open = new Authenticator(store, { access: 'open', failedLoginsPerMinute: 20 }, file);
        expect(open.userOf(owner, HERE).role).toBe('user');
        writeFileSync(file, `${owner}\n`);
        expect(open.userOf(owner, HERE).role).toBe('admin');
        expect(open.userOf(newToken(), HERE).role).toBe('user');
        expect(() =>
            new Authenticator(store, { access: 'issued', failedLoginsPerMinute: 20 }, file).userOf(
                owner,
                HERE,
            ),
        ).toThrow(code('NOT_AUTHORISED'));
        store.close();
    });

    it('gives each role its rights', () => {
        const rights = ROLES.map((role) => {
            const user = { id: 1, name: 'x', role, tokenId: 1, expiresAt: undefined };
            const may = (check: (who: typeof user) => void): boolean => {
                try {
                    check(user);
                    return true;
                } catch {
                    return false;
                }
            };
            return [role, may(requireUserRights), may(requireAdmin)];
        });
        expect(rights).toEqual([
            ['user', true, false],
            ['admin', true, true],
            ['worker', false, false],
        ]);
    });

    it('forgets accounts that opened themselves and were never used for anything', () => {
        const store = new Store(':memory:');
        const anna = store.tokens.issue('anna', 'user', 1) ?? '';
        const idle = store.tokens.findOrOpen(newToken(), 1);
        const busy = store.tokens.findOrOpen(newToken(), 1);
        store.uploads.create(busy?.id ?? 0, 'f'.repeat(64), 1, 1);
        store.tokens.forgetUnused(2);
        const isActive = (tokenId = 0): boolean => store.tokens.isActive(tokenId, 2);
        expect(isActive(idle?.tokenId)).toBe(false);
        expect(isActive(busy?.tokenId)).toBe(true);
        expect(store.tokens.find(anna, 2)?.name).toBe('anna');
        store.close();
    });
});

describe('over the wire', () => {
    const connect = async (url: string, token: string): Promise<TestClient> =>
        TestClient.connect(url, token);

    it('admins issue, list and revoke tokens; others do not', async () => {
        const { url, context } = await startTestDaemon({
            access: 'issued',
            failedLoginsPerMinute: 20,
        });
        const issue = (name: string, role: 'user' | 'admin' | 'worker'): string =>
            context.store.tokens.issue(name, role, Date.now()) ?? '';
        const admin = await connect(url, issue('root', 'admin'));
        const made = await admin.request({ type: 'token.create', name: 'anna' });
        expect(made).toMatchObject({ type: 'token.created', info: { name: 'anna', role: 'user' } });
        const token = made['token'] as string;

        const anna = await connect(url, token);
        expect(anna.messages[0]).toMatchObject({ type: 'init.ok', user: 'anna', role: 'user' });
        for (const message of [
            { type: 'token.create', name: 'eve', role: 'admin' },
            { type: 'token.list' },
            { type: 'token.revoke', name: 'root' },
        ]) {
            expect(await anna.request(message)).toMatchObject({ code: 'FORBIDDEN' });
        }
        const list = await admin.request({ type: 'token.list' });
        expect(list).toMatchObject({ tokens: [{ name: 'anna' }, { name: 'root' }] });
        expect(JSON.stringify(list)).not.toContain(token);

        const worker = await connect(url, issue('box', 'worker'));
        expect(worker.messages[0]).toMatchObject({ type: 'init.ok', role: 'worker' });
        expect(await worker.request({ type: 'jobs.list' })).toMatchObject({ code: 'FORBIDDEN' });
    });
});
