"""The API's operations: one function a call, `(emulator, request) -> answer`, all in one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..emulator import Emulator
from ..errors import InvalidParameter
from ..model import Json
from . import (
    admin_users,
    attributes,
    clients,
    customization,
    domains,
    groups,
    identity_providers,
    linking,
    list_users,
    passwords,
    pools,
    resource_servers,
    sessions,
    sign_in,
    sign_up,
)

Operation = Callable[[Emulator, Json], Json | Awaitable[Json]]

OPERATIONS: dict[str, Operation] = {
    "SignUp": sign_up.sign_up,
    "ConfirmSignUp": sign_up.confirm_sign_up,
    "ResendConfirmationCode": sign_up.resend_confirmation_code,
    "AdminConfirmSignUp": sign_up.admin_confirm_sign_up,
    "InitiateAuth": sign_in.initiate_auth,
    "AdminInitiateAuth": sign_in.admin_initiate_auth,
    "RespondToAuthChallenge": sign_in.respond_to_auth_challenge,
    "AdminRespondToAuthChallenge": sign_in.admin_respond_to_auth_challenge,
    "GetTokensFromRefreshToken": sign_in.get_tokens_from_refresh_token,
    "GetUser": sessions.get_user,
    "DeleteUser": sessions.delete_user,
    "GlobalSignOut": sessions.global_sign_out,
    "RevokeToken": sessions.revoke_token,
    "AdminCreateUser": admin_users.admin_create_user,
    "AdminGetUser": admin_users.admin_get_user,
    "AdminDeleteUser": admin_users.admin_delete_user,
    "AdminEnableUser": admin_users.admin_enable_user,
    "AdminDisableUser": admin_users.admin_disable_user,
    "AdminSetUserPassword": admin_users.admin_set_user_password,
    "AdminResetUserPassword": admin_users.admin_reset_user_password,
    "AdminUserGlobalSignOut": admin_users.admin_user_global_sign_out,
    "ListUsers": list_users.list_users,
    "ChangePassword": passwords.change_password,
    "ForgotPassword": passwords.forgot_password,
    "ConfirmForgotPassword": passwords.confirm_forgot_password,
    "UpdateUserAttributes": attributes.update_user_attributes,
    "DeleteUserAttributes": attributes.delete_user_attributes,
    "GetUserAttributeVerificationCode": attributes.get_user_attribute_verification_code,
    "VerifyUserAttribute": attributes.verify_user_attribute,
    "AdminUpdateUserAttributes": attributes.admin_update_user_attributes,
    "AdminDeleteUserAttributes": attributes.admin_delete_user_attributes,
    "CreateGroup": groups.create_group,
    "UpdateGroup": groups.update_group,
    "GetGroup": groups.get_group,
    "DeleteGroup": groups.delete_group,
    "ListGroups": groups.list_groups,
    "AdminAddUserToGroup": groups.admin_add_user_to_group,
    "AdminRemoveUserFromGroup": groups.admin_remove_user_from_group,
    "AdminListGroupsForUser": groups.admin_list_groups_for_user,
    "ListUsersInGroup": groups.list_users_in_group,
    "CreateUserPool": pools.create_user_pool,
    "DescribeUserPool": pools.describe_user_pool,
    "UpdateUserPool": pools.update_user_pool,
    "DeleteUserPool": pools.delete_user_pool,
    "ListUserPools": pools.list_user_pools,
    "AddCustomAttributes": pools.add_custom_attributes,
    "GetUserPoolMfaConfig": pools.get_user_pool_mfa_config,
    "SetUserPoolMfaConfig": pools.set_user_pool_mfa_config,
    "TagResource": pools.tag_resource,
    "UntagResource": pools.untag_resource,
    "ListTagsForResource": pools.list_tags_for_resource,
    "CreateUserPoolClient": clients.create_user_pool_client,
    "DescribeUserPoolClient": clients.describe_user_pool_client,
    "UpdateUserPoolClient": clients.update_user_pool_client,
    "DeleteUserPoolClient": clients.delete_user_pool_client,
    "ListUserPoolClients": clients.list_user_pool_clients,
    "CreateIdentityProvider": identity_providers.create_identity_provider,
    "UpdateIdentityProvider": identity_providers.update_identity_provider,
    "DescribeIdentityProvider": identity_providers.describe_identity_provider,
    "GetIdentityProviderByIdentifier": identity_providers.get_identity_provider_by_identifier,
    "DeleteIdentityProvider": identity_providers.delete_identity_provider,
    "ListIdentityProviders": identity_providers.list_identity_providers,
    "CreateResourceServer": resource_servers.create_resource_server,
    "UpdateResourceServer": resource_servers.update_resource_server,
    "DescribeResourceServer": resource_servers.describe_resource_server,
    "DeleteResourceServer": resource_servers.delete_resource_server,
    "ListResourceServers": resource_servers.list_resource_servers,
    "CreateUserPoolDomain": domains.create_user_pool_domain,
    "DescribeUserPoolDomain": domains.describe_user_pool_domain,
    "UpdateUserPoolDomain": domains.update_user_pool_domain,
    "DeleteUserPoolDomain": domains.delete_user_pool_domain,
    "SetUICustomization": customization.set_ui_customization,
    "GetUICustomization": customization.get_ui_customization,
    "AdminLinkProviderForUser": linking.admin_link_provider_for_user,
    "AdminDisableProviderForUser": linking.admin_disable_provider_for_user,
}


async def run(emulator: Emulator, name: str, request: Json) -> Json:
    """The answer of an operation to a validated request; raises CognitoError."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise InvalidParameter(f"The operation {name} is missing in this emulator.")
    answer = operation(emulator, request)
    return await answer if isinstance(answer, Awaitable) else answer
