/** Whose address it is: itself, but of IPv6 the network of 64 bits, in which one host may take whatever address it likes. */
export function networkOf(address: string): string {
  if (address.includes('.')) return address;
  const [head, tail] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail ? Array<string>(8 - head!.length - tail.length).fill('0') : [];
  return [...head!, ...zeros, ...(tail ?? [])].slice(0, 4).join(':');
}
