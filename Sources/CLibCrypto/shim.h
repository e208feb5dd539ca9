/* The part of OpenSSL's libcrypto that Integrity uses: message digests, HMAC and random bytes. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
