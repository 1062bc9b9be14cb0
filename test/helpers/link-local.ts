import { networkInterfaces } from 'node:os'

/** This machine's own on a link, with the interface; most machines have one. */
export const linkLocal: string | undefined = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses.flatMap(({ address }) => (address.startsWith('fe80:') ? `${address}%${name}` : [])),
)[0]
