/** 32 characters, none of which looks like another, and of which a double click selects a whole word. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789'

/** At 5 bits a character, 130 bits. */
const length = 26

/** A password that nobody guesses, from the system's secure random numbers. */
export function generatePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  return Array.from(bytes, (byte) => alphabet.charAt(byte % alphabet.length)).join('')
}
