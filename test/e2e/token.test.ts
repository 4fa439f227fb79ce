import { expect, it } from 'vitest';
import { newHome, runCommand } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/temporary.js';

it('tokens are issued in the data folder, with and without its daemon', async () => {
    const home = await newHome();
    const made = await home.run('token', 'create', 'anna', '--expires', '30d');
    expect(made.status).toBe(0);
    expect(made.stdout).toMatch(/^kvz_[\w-]{43}\n$/);
    const token = made.stdout.trim();
    expect(made.stderr).not.toContain(token);
    expect((await home.run('token', 'create', 'anna')).status).toBe(3);
    expect((await home.run('token', 'create', '../x')).status).not.toBe(0);
    expect((await home.run('token', 'create', 'ben', '--expires', 'soon')).status).toBe(2);

    expect((await home.run('daemon', 'start', '--access', 'issued')).status).toBe(0);
    const as = async (secret: string, ...args: string[]): ReturnType<typeof runCommand> =>
        runCommand(args, {
            env: { ...home.env, KVZ_CLOUD_HOME: temporaryFolder(), KVZ_CLOUD_TOKEN: secret },
            cwd: home.outputs,
        });
    expect((await as(token, 'jobs')).status).toBe(0);
    expect((await as(`${token}x`, 'jobs')).status).toBe(4);
    // Over the wire this needs an admin, also on this machine.
    const asked = await as(token, 'token', 'list', '--server', home.url);
    expect([asked.status, asked.stdout]).toEqual([4, '']);
    const boss = await home.run('token', 'create', 'boss', '--role', 'admin', '--json');
    const { token: admin } = JSON.parse(boss.stdout) as { token: string };
    const listed = await as(admin, 'token', 'list', '--json', '--server', home.url);
    expect(JSON.parse(listed.stdout)).toMatchObject([
        { name: 'anna', role: 'user', state: 'active' },
        { name: 'boss', role: 'admin', state: 'active' },
    ]);
    expect((await home.run('token', 'revoke', 'anna')).status).toBe(0);
    expect((await as(token, 'jobs')).status).toBe(4);
});
