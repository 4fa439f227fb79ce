import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSettings, SettingError } from '../../src/config/settings.js';
import { temporaryFolder } from '../helpers/temporary.js';

function homeWith(settings?: unknown): NodeJS.ProcessEnv {
    const folder = temporaryFolder();
    if (settings !== undefined) {
        const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
        writeFileSync(join(folder, 'config.json'), text);
    }
    return { KVZ_CLOUD_HOME: folder };
}

describe('settings', () => {
    it('may name their schema', () => {
        expect(resolveSettings({}, homeWith({ $schema: 'x', workers: 2 })).values.workers).toBe(2);
    });

    it('come from flags, then environment, then file, then defaults', () => {
        const env = {
            ...homeWith({ workers: 2, server: 'http://file:1', port: 7 }),
            KVZ_CLOUD_SERVER: 'http://environment:2',
        };
        const { values, sources } = resolveSettings({ port: '9', workers: undefined }, env);
        expect(values).toMatchObject({ port: 9, workers: 2, server: 'http://environment:2' });
        expect(sources).toMatchObject({
            port: 'flag',
            workers: 'file',
            server: 'environment',
            chunkSize: 'default',
        });
    });

    it('let the daemon listen where commands look for it', () => {
        const on = (server: string): unknown => {
            const { host, port } = resolveSettings(
                {},
                { ...homeWith(), KVZ_CLOUD_SERVER: server },
            ).values;
            return [host, port];
        };
        expect(on('http://localhost:9000')).toEqual(['localhost', 9000]);
        expect(on('http://[::1]:9000')).toEqual(['::1', 9000]);
        expect(on('http://example.com:9000')).toEqual(['127.0.0.1', 8265]);
        expect(on('')).toEqual(['127.0.0.1', 8265]);
    });

    it('let commands look where the settings file has the daemon listen', () => {
        const server = (file: unknown): unknown =>
            resolveSettings({}, homeWith(file)).values.server;
        expect(server({ port: 9000 })).toBe('http://127.0.0.1:9000');
        expect(server({ port: '9000', host: '::1' })).toBe('http://[::1]:9000');
        expect(server({ port: 9000, tlsCert: 'a.pem' })).toBe('https://127.0.0.1:9000');
        expect(server({ port: 0 })).toBe('http://127.0.0.1:8265');
        expect(server({ port: 9000, host: '0.0.0.0' })).toBe('http://127.0.0.1:8265');
        expect(server({ port: 9000, server: 'http://a.example:1' })).toBe('http://a.example:1');
    });

    it('name an option as it is written', () => {
        const resolve = (): unknown => resolveSettings({ uploadExpiry: 'soon' }, homeWith());
        expect(resolve).toThrow('--upload-expiry "soon": expected a duration');
    });

    it('hold profiles', () => {
        const profiles = {
            archive: { preset: 'slow', container: 'mkv', kvazaar: ['--qp', '22'], logo: false },
            web: { container: 'mp4', logo: 'logo.png', logoSeconds: 2, priority: -5 },
        };
        expect(resolveSettings({}, homeWith({ profiles })).values.profiles).toEqual(profiles);
        expect(resolveSettings({}, homeWith()).values.profiles).toEqual({});
    });

    it.each([
        ['chunkSize', '8MiB', 8 * 1024 ** 2],
        ['rawBytes', '50G', 50e9],
        ['rawBytes', '1.5 GB', 1.5e9],
        ['containerBytes', 123, 123],
        ['uploadExpiry', '7d', 604_800],
        ['durationSeconds', '30m', 1800],
        ['durationSeconds', 90, 90],
        [
            'publicHosts',
            'Video.example.org, [fd00::1]:8443',
            ['video.example.org', '[fd00::1]:8443'],
        ],
        ['trustedProxies', ['10.0.0.0/8', '::1'], ['10.0.0.0/8', '::1']],
        ['webhookPrivate', 'false', false],
    ])('read %s %s', (name, text, value) => {
        expect(resolveSettings({}, homeWith({ [name]: text })).values).toMatchObject({
            [name]: value,
        });
    });

    it.each([
        [{ workers: -1 }, /workers -1.*from 0 to 256/],
        [{ workers: 0 }, /workers 0: without a queue/],
        [{ queue: 'redis://me:secret@lab/jobs' }, /queue: expected the number of a database/],
        [{ workers: 'many' }, /workers "many"/],
        [{ chunkSize: '3MB' }, /multiple of 1 MiB/],
        [{ uploadExpiry: 'soon' }, /7d/],
        [{ networkTimeout: 0 }, /at least 1s/],
        [{ server: 'localhost:8265' }, /http:\/\/HOST:PORT/],
        [{ logLevel: 'loud' }, /fatal, error/],
        [{ wrokers: 2 }, /unknown setting "wrokers"; did you mean "workers"\?/],
        [{ resultExpire: 2 }, /did you mean "resultExpiry"\?/],
        [{ zzzzzzzz: 2 }, /unknown setting "zzzzzzzz"; known are server, /],
        [{ profiles: { web: { contaner: 'mp4' } } }, /did you mean "container"\?/],
        [{ publicHosts: 'video.example.org/path' }, /publicHosts .*expected the name of a host/],
        [{ publicHosts: ['*.example.org'] }, /publicHosts.*expected the name of a host/],
        [{ trustedProxies: '10.0.0.0/33' }, /trustedProxies .*expected an IP address or a network/],
        [{ trustedProxies: 'proxy.lan' }, /trustedProxies .*expected an IP address or a network/],
        [{ webhookUrls: 'file:///etc/passwd' }, /webhookUrls: .*https?:\/\//],
        [{ webhookPrivate: 'perhaps' }, /webhookPrivate .*true or false/],
        [{ onJobEnd: 7 }, /onJobEnd.*a program/],
        [{ metricsToken: 'a short one' }, /metricsToken: expected 16 to 256/],
        [{ ['__proto__x']: 2 }, /unknown setting/],
        [{ profiles: [] }, /profiles: expected an object/],
        [
            { profiles: { a: { presett: 'x' } } },
            /profile a: unknown field "presett"; did you mean "preset"\?/,
        ],
        [{ profiles: { a: { kvazaar: '--qp 27' } } }, /profile a: kvazaar: expected a list/],
        [{ profiles: { a: { container: 'avi' } } }, /profile a: container: expected hevc, mp4/],
        [{ profiles: { a: { logoSeconds: 99 } } }, /profile a: logoSeconds: .*0\.1 to 30/],
        [{ profiles: { a: { priority: 1.5 } } }, /profile a: priority: expected a whole/],
        ['{', /config\.json/],
        ['[]', /expected a JSON object/],
    ])('refuse %j by name', (settings, message) => {
        const resolve = (): unknown => resolveSettings({}, homeWith(settings));
        expect(resolve).toThrow(SettingError);
        expect(resolve).toThrow(message);
    });
});
