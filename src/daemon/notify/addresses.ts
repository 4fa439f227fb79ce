/** Addresses that webhooks must not reach: this machine, its networks, and what is no host. */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** The special-purpose registries of IANA (RFC 6890), multicast, and ways to wrap one of them. */
const NOT_PUBLIC_V4 = [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
    ...['172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16'],
    ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
];
/** Of IPv6 only the global unicast range is public at all; some of it is not, either. */
const PUBLIC_V6 = ['2000::/3'];
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function blockList(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
    const list = new BlockList();
    for (const network of networks) {
        const [address = '', bits] = network.split('/');
        list.addSubnet(address, Number(bits), family);
    }
    return list;
}

const notPublicV4 = blockList(NOT_PUBLIC_V4, 'ipv4');
const publicV6 = blockList(PUBLIC_V6, 'ipv6');
const notPublicV6 = blockList(NOT_PUBLIC_V6, 'ipv6');

/** Whether an IP address is one of the public internet. */
export function isPublicAddress(address: string): boolean {
    const plain = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
    switch (isIP(plain)) {
        case 4:
            return !notPublicV4.check(plain, 'ipv4');
        case 6:
            return publicV6.check(plain, 'ipv6') && !notPublicV6.check(plain, 'ipv6');
        default:
            return false;
    }
}

/** A connection that was not made because of where it would have gone. */
export class PrivateAddressError extends Error {
    override readonly name = 'PrivateAddressError';
    /** @param host as it stands in the URL */
    constructor(host: string) {
        super(`${host} is no address of the public internet (webhookPrivate allows it)`);
    }
}

export type Resolve = (
    host: string,
    done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemResolve: Resolve = (host, done) => dnsLookup(host, { all: true }, done);

/**
 * A look-up for connections that leaves out what is not public. It is asked once for each
 * connection, and the connection goes to its answer: a name that means something else a moment
 * later changes nothing.
 */
export function publicLookup(resolve: Resolve = systemResolve): LookupFunction {
    return (host, options, done) => {
        resolve(host, (error, addresses) => {
            const allowed = addresses?.filter(({ address }) => isPublicAddress(address)) ?? [];
            const [first] = allowed;
            if (error) done(error, '');
            else if (!first) done(new PrivateAddressError(host), '');
            else if (options.all) done(null, allowed);
            else done(null, first.address, first.family);
        });
    };
}
