/// What drctl uses of OpenSSL's libcrypto (3.0 or newer).
///
/// Only headers, no wrappers: Swift calls the functions by their real names. What OpenSSL 3 offers as macros that Swift
/// cannot import is either a function under its new name (EVP_MD_get_size for EVP_MD_size), or a call that is written out
/// where it is made (CRYPTO_secure_zalloc with file and line for OPENSSL_secure_zalloc).
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#endif
