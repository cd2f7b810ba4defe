// amazon-cognito-identity-js, unmodified: one user's way from sign-up to the deletion.
import assert from 'node:assert/strict'
import {
  AuthenticationDetails,
  CognitoRefreshToken,
  CognitoUser,
  CognitoUserAttribute,
  CognitoUserPool,
} from 'amazon-cognito-identity-js'
import { code, COGNITO_CLIENT_ID, COGNITO_POOL_ID, COGNITO_URL, NEW_PASSWORD, PASSWORD, refused, totp } from './pool.mjs'

const NAME = 'identity@example.com'
const memory = new Map()
const Storage = {
  setItem: (key, value) => memory.set(key, String(value)),
  getItem: (key) => memory.get(key) ?? null,
  removeItem: (key) => memory.delete(key),
  clear: () => memory.clear(),
}
const pool = new CognitoUserPool({
  UserPoolId: COGNITO_POOL_ID,
  ClientId: COGNITO_CLIENT_ID,
  endpoint: COGNITO_URL,
  Storage,
})
const userOf = (name) => new CognitoUser({ Username: name, Pool: pool, Storage })

// A method that ends in a callback of (error, result), as a promise.
const call = (object, method, ...given) =>
  new Promise((resolve, reject) =>
    object[method](...given, (error, result) => (error ? reject(error) : resolve(result))),
  )
// A method that ends in an object of callbacks; whatever ends it first resolves, with its name.
const steps = (object, method, ...given) =>
  new Promise((resolve, reject) => {
    const named = (step) => (...values) => resolve({ step, values })
    object[method](...given, {
      onSuccess: named('done'),
      onFailure: reject,
      newPasswordRequired: named('new password'),
      totpRequired: named('totp'),
      mfaRequired: named('sms'),
      selectMFAType: named('select'),
      customChallenge: named('custom'),
      inputVerificationCode: named('code'),
    })
  })
const mfa = (user, given) =>
  new Promise((resolve, reject) =>
    user.sendMFACode(given, { onSuccess: resolve, onFailure: reject }, 'SOFTWARE_TOKEN_MFA'),
  )
const details = (password) => new AuthenticationDetails({ Username: NAME, Password: password })

await refused('InvalidPasswordException', () => call(pool, 'signUp', NAME, 'short', [], null))
const attributes = [new CognitoUserAttribute({ Name: 'email', Value: NAME })]
const signedUp = await call(pool, 'signUp', NAME, PASSWORD, attributes, null)
assert.equal(signedUp.userConfirmed, false)

let user = userOf(NAME)
await refused('UserNotConfirmedException', () => steps(user, 'authenticateUser', details(PASSWORD)))
await call(user, 'resendConfirmationCode')
await refused('CodeMismatchException', () => call(user, 'confirmRegistration', '000000x', true))
await call(user, 'confirmRegistration', await code(NAME), true)

await refused('NotAuthorizedException', () => steps(user, 'authenticateUser', details('Wrong-Horse-1')))
const signedIn = await steps(user, 'authenticateUser', details(PASSWORD))
assert.equal(signedIn.step, 'done')
const [session] = signedIn.values
assert.equal(session.getIdToken().payload.email, NAME)
assert.equal(session.getIdToken().payload.sub, signedUp.userSub)

const again = await call(user, 'getSession')
assert(again.isValid())
const token = new CognitoRefreshToken({ RefreshToken: again.getRefreshToken().getToken() })
const refreshed = await call(user, 'refreshSession', token)
assert.equal(refreshed.getIdToken().payload.auth_time, session.getIdToken().payload.auth_time)

await call(user, 'changePassword', PASSWORD, NEW_PASSWORD)
await call(user, 'updateAttributes', [new CognitoUserAttribute({ Name: 'name', Value: 'Ada Lovelace' })])
const told = await call(user, 'getUserAttributes')
assert.equal(told.find((attribute) => attribute.getName() === 'name').getValue(), 'Ada Lovelace')
assert.equal((await steps(user, 'getAttributeVerificationCode', 'email')).step, 'code')
assert.equal((await steps(user, 'verifyAttribute', 'email', await code(NAME))).step, 'done')

const secret = await new Promise((resolve, reject) =>
  user.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject }),
)
await steps(user, 'verifySoftwareToken', totp(secret), 'phone')
await call(user, 'setUserMfaPreference', null, { PreferredMfa: true, Enabled: true })
user.signOut()

user = userOf(NAME)
assert.equal((await steps(user, 'authenticateUser', details(NEW_PASSWORD))).step, 'totp')
await refused('CodeMismatchException', () => mfa(user, '000000'))
const verified = await mfa(user, totp(secret, 1))
assert(verified.isValid())
await call(user, 'setUserMfaPreference', null, { PreferredMfa: false, Enabled: false })

assert.equal((await steps(user, 'forgotPassword')).step, 'code')
assert.equal((await steps(user, 'confirmPassword', await code(NAME), PASSWORD)).step, 'done')

// The device was confirmed by the library itself after the first sign-in; it is known again, and can be forgotten.
user = userOf(NAME)
assert.equal((await steps(user, 'authenticateUser', details(PASSWORD))).step, 'done')
assert.match(user.deviceKey, /^us-east-1_/)
const listed = await steps(user, 'listDevices', 10, null)
assert(listed.values[0].Devices.some((device) => device.DeviceKey === user.deviceKey))
await steps(user, 'setDeviceStatusRemembered')
await steps(user, 'forgetDevice')

await steps(user, 'globalSignOut')
await assert.rejects(() => call(userOf(NAME), 'getSession'))

// Custom challenges.
user = userOf(NAME)
user.setAuthenticationFlowType('CUSTOM_AUTH')
const riddle = await steps(user, 'initiateAuth', details(PASSWORD))
assert.equal(riddle.step, 'custom')
assert.equal(riddle.values[0].question, 'six times seven?')
assert.equal((await steps(user, 'sendCustomChallengeAnswer', '42')).step, 'done')

await call(user, 'deleteUser')
user = userOf(NAME)
await refused('UserNotFoundException', () => steps(user, 'authenticateUser', details(PASSWORD)))
console.log('ok')
