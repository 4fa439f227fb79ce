/** Certificates made on the spot by openssl. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary.js';

export interface Certificate {
    cert: string;
    key: string;
}

const openssl = (folder: string, ...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
};

/** An authority, and a certificate of it for this machine. */
export function makeCertificates(name = 'localhost'): Certificate & { ca: string; folder: string } {
    const folder = temporaryFolder();
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const ca = ['-x509', '-days', '1', '-subj', '/CN=Test authority', '-out', 'ca.pem'];
    openssl(folder, 'req', ...key, '-keyout', 'ca.key', ...ca);
    openssl(folder, 'req', ...key, '-keyout', 'key.pem', '-subj', '/CN=x', '-out', 'request.pem');
    const names = name === 'localhost' ? 'DNS:localhost,IP:127.0.0.1' : `DNS:${name}`;
    writeFileSync(join(folder, 'names'), `subjectAltName=${names}`);
    openssl(
        folder,
        ...['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key'],
        ...['-CAcreateserial', '-days', '1', '-extfile', 'names', '-out', 'cert.pem'],
    );
    const path = (file: string): string => join(folder, file);
    return { folder, cert: path('cert.pem'), key: path('key.pem'), ca: path('ca.pem') };
}
