// aws-amplify 6, unmodified: one user's way from sign-up to the deletion.
import assert from 'node:assert/strict'
import { Amplify } from 'aws-amplify'
import * as auth from 'aws-amplify/auth'
import { code, COGNITO_CLIENT_ID, COGNITO_POOL_ID, COGNITO_URL, NEW_PASSWORD, PASSWORD, refused, totp } from './pool.mjs'

// A browser has it, and Node from version 21 on: devices are named after it.
globalThis.navigator ??= { userAgent: 'node' }

const username = 'amplify@example.com'
Amplify.configure({
  Auth: {
    Cognito: { userPoolId: COGNITO_POOL_ID, userPoolClientId: COGNITO_CLIENT_ID, userPoolEndpoint: COGNITO_URL },
  },
})
const step = (result) => result.nextStep.signInStep ?? result.nextStep.signUpStep

await refused('InvalidPasswordException', () => auth.signUp({ username, password: 'short' }))
const signedUp = await auth.signUp({ username, password: PASSWORD, options: { userAttributes: { email: username } } })
assert.equal(step(signedUp), 'CONFIRM_SIGN_UP')
assert.equal(step(await auth.signIn({ username, password: PASSWORD })), 'CONFIRM_SIGN_UP')
await auth.resendSignUpCode({ username })
await refused('CodeMismatchException', () => auth.confirmSignUp({ username, confirmationCode: '000000x' }))
assert.equal(step(await auth.confirmSignUp({ username, confirmationCode: await code(username) })), 'DONE')

await refused('NotAuthorizedException', () => auth.signIn({ username, password: 'Wrong-Horse-1' }))
assert.equal(step(await auth.signIn({ username, password: PASSWORD })), 'DONE')
const first = await auth.fetchAuthSession()
assert.equal(first.userSub, signedUp.userId)
const forced = await auth.fetchAuthSession({ forceRefresh: true })
assert.notEqual(forced.tokens.idToken.toString(), first.tokens.idToken.toString())
assert.equal(forced.tokens.idToken.payload.auth_time, first.tokens.idToken.payload.auth_time)
assert.equal((await auth.getCurrentUser()).userId, signedUp.userId)

await auth.updatePassword({ oldPassword: PASSWORD, newPassword: NEW_PASSWORD })
await auth.updateUserAttributes({ userAttributes: { name: 'Grace Hopper' } })
assert.equal((await auth.fetchUserAttributes()).name, 'Grace Hopper')
await auth.sendUserAttributeVerificationCode({ userAttributeKey: 'email' })
await auth.confirmUserAttribute({ userAttributeKey: 'email', confirmationCode: await code(username) })
await auth.deleteUserAttributes({ userAttributeKeys: ['name'] })

await auth.rememberDevice()
const [device] = await auth.fetchDevices()
assert.match(device.id, /^us-east-1_/)

const setup = await auth.setUpTOTP()
await auth.verifyTOTPSetup({ code: totp(setup.sharedSecret) })
await auth.updateMFAPreference({ totp: 'PREFERRED' })
assert.equal((await auth.fetchMFAPreference()).preferred, 'TOTP')
await auth.signOut()
assert.equal(step(await auth.signIn({ username, password: NEW_PASSWORD })), 'CONFIRM_SIGN_IN_WITH_TOTP_CODE')
assert.equal(step(await auth.confirmSignIn({ challengeResponse: totp(setup.sharedSecret, 1) })), 'DONE')
await auth.updateMFAPreference({ totp: 'DISABLED' })
await auth.forgetDevice()

await auth.signOut({ global: true })
await auth.resetPassword({ username })
await auth.confirmResetPassword({ username, confirmationCode: await code(username), newPassword: PASSWORD })
const plain = { authFlowType: 'USER_PASSWORD_AUTH' }
assert.equal(step(await auth.signIn({ username, password: PASSWORD, options: plain })), 'DONE')
await auth.signOut()

const custom = { authFlowType: 'CUSTOM_WITHOUT_SRP' }
const riddle = await auth.signIn({ username, options: custom })
assert.equal(step(riddle), 'CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE')
assert.equal(riddle.nextStep.additionalInfo.question, 'six times seven?')
assert.equal(step(await auth.confirmSignIn({ challengeResponse: '42' })), 'DONE')
await auth.signOut()

const choosing = { authFlowType: 'USER_AUTH', preferredChallenge: 'PASSWORD_SRP' }
assert.equal(step(await auth.signIn({ username, password: PASSWORD, options: choosing })), 'DONE')
await auth.deleteUser()
await refused('UserNotFoundException', () => auth.signIn({ username, password: PASSWORD }))
console.log('ok')
