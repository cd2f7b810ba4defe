// What the walks of both libraries share: the pool from the environment, kept messages, codes of an authenticator app.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'

export const { COGNITO_URL, COGNITO_POOL_ID, COGNITO_CLIENT_ID } = process.env
export const PASSWORD = 'Correct-Horse-1'
export const NEW_PASSWORD = 'Battery-Staple-2'

export async function code(username) {
  const answer = await fetch(`${COGNITO_URL}/_local/messages?username=${encodeURIComponent(username)}`)
  const messages = await answer.json()
  assert(messages.length > 0, `nothing was sent to ${username}`)
  return messages.at(-1).code
}

// The code of an authenticator app (RFC 6238), `ahead` time steps from now: none works twice.
export function totp(secret, ahead = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead))
  const digest = createHmac('sha1', key).update(counter).digest()
  const number = digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff
  return String(number % 1000000).padStart(6, '0')
}

export async function refused(name, action) {
  try {
    await action()
  } catch (error) {
    assert.equal(error.code ?? error.name, name, error.message)
    return
  }
  assert.fail(`${name} was expected`)
}
