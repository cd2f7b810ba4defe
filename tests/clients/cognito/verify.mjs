// aws-jwt-verify's checks on both tokens, with the keys of this pool: signature, issuer, audience, use, expiry.
import assert from 'node:assert/strict'
import { JwtVerifier } from 'aws-jwt-verify'
import { validateCognitoJwtFields } from 'aws-jwt-verify/cognito-verifier'
import { CognitoJwtInvalidGroupError, CognitoJwtInvalidTokenUseError, JwtInvalidSignatureError } from 'aws-jwt-verify/error'

const { COGNITO_URL, COGNITO_POOL_ID, COGNITO_CLIENT_ID, ID_TOKEN, ACCESS_TOKEN } = process.env
const issuer = `${COGNITO_URL}/${COGNITO_POOL_ID}`
const keys = await (await fetch(`${issuer}/.well-known/jwks.json`)).json()

function verifier(tokenUse, fields = {}) {
  const made = JwtVerifier.create({
    issuer,
    audience: tokenUse === 'id' ? COGNITO_CLIENT_ID : null,
    customJwtCheck: ({ payload }) => validateCognitoJwtFields(payload, { tokenUse, clientId: COGNITO_CLIENT_ID, ...fields }),
  })
  made.cacheJwks(keys)
  return made
}

const id = await verifier('id').verify(ID_TOKEN)
assert.equal(id.email, 'ann@example.com')
const access = await verifier('access').verify(ACCESS_TOKEN)
assert.equal(access.sub, id.sub)

await assert.rejects(() => verifier('access').verify(ID_TOKEN), CognitoJwtInvalidTokenUseError)
await assert.rejects(() => verifier('access', { groups: 'admins' }).verify(ACCESS_TOKEN), CognitoJwtInvalidGroupError)
const [head, body, signature] = ID_TOKEN.split('.')
const payload = { ...JSON.parse(Buffer.from(body, 'base64url')), email: 'eve@example.com' }
const forged = [head, Buffer.from(JSON.stringify(payload)).toString('base64url'), signature].join('.')
await assert.rejects(() => verifier('id').verify(forged), JwtInvalidSignatureError)
console.log('ok')
