/** Whether a host, as it stands in a URL or a setting, is this machine itself and nobody else's. */
export function isLoopbackHost(host: string): boolean {
    const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
    return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}
