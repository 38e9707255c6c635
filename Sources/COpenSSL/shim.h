// SPDX-License-Identifier: Apache-2.0
// Macros of OpenSSL as functions Swift can call. No logic here: each line is one macro.
#ifndef KOUAN_COPENSSL_SHIM_H
#define KOUAN_COPENSSL_SHIM_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/opensslv.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Stacks
static inline STACK_OF(X509) *kouan_sk_X509_new(void) { return sk_X509_new_null(); }
static inline int kouan_sk_X509_push(STACK_OF(X509) *s, X509 *x) { return sk_X509_push(s, x); }
static inline int kouan_sk_X509_num(const STACK_OF(X509) *s) { return sk_X509_num(s); }
static inline X509 *kouan_sk_X509_value(const STACK_OF(X509) *s, int i) { return sk_X509_value(s, i); }
static inline void kouan_sk_X509_free(STACK_OF(X509) *s) { sk_X509_free(s); }
static inline void kouan_sk_X509_pop_free(STACK_OF(X509) *s) { sk_X509_pop_free(s, X509_free); }
static inline STACK_OF(X509_CRL) *kouan_sk_X509_CRL_new(void) { return sk_X509_CRL_new_null(); }
static inline int kouan_sk_X509_CRL_push(STACK_OF(X509_CRL) *s, X509_CRL *x) { return sk_X509_CRL_push(s, x); }
static inline void kouan_sk_X509_CRL_free(STACK_OF(X509_CRL) *s) { sk_X509_CRL_free(s); }
static inline int kouan_sk_X509_REVOKED_num(const STACK_OF(X509_REVOKED) *s) { return sk_X509_REVOKED_num(s); }
static inline X509_REVOKED *kouan_sk_X509_REVOKED_value(const STACK_OF(X509_REVOKED) *s, int i) { return sk_X509_REVOKED_value(s, i); }
static inline STACK_OF(X509_EXTENSION) *kouan_sk_X509_EXTENSION_new(void) { return sk_X509_EXTENSION_new_null(); }
static inline int kouan_sk_X509_EXTENSION_push(STACK_OF(X509_EXTENSION) *s, X509_EXTENSION *x) { return sk_X509_EXTENSION_push(s, x); }
static inline void kouan_sk_X509_EXTENSION_pop_free(STACK_OF(X509_EXTENSION) *s) { sk_X509_EXTENSION_pop_free(s, X509_EXTENSION_free); }
static inline int kouan_sk_GENERAL_NAME_num(const GENERAL_NAMES *s) { return sk_GENERAL_NAME_num(s); }
static inline GENERAL_NAME *kouan_sk_GENERAL_NAME_value(const GENERAL_NAMES *s, int i) { return sk_GENERAL_NAME_value(s, i); }
static inline GENERAL_NAMES *kouan_sk_GENERAL_NAME_new(void) { return sk_GENERAL_NAME_new_null(); }
static inline int kouan_sk_GENERAL_NAME_push(GENERAL_NAMES *s, GENERAL_NAME *n) { return sk_GENERAL_NAME_push(s, n); }
static inline void kouan_sk_GENERAL_NAME_pop_free(GENERAL_NAMES *s) { sk_GENERAL_NAME_pop_free(s, GENERAL_NAME_free); }
static inline EXTENDED_KEY_USAGE *kouan_sk_ASN1_OBJECT_new(void) { return sk_ASN1_OBJECT_new_null(); }
static inline int kouan_sk_ASN1_OBJECT_push(EXTENDED_KEY_USAGE *s, ASN1_OBJECT *o) { return sk_ASN1_OBJECT_push(s, o); }
static inline int kouan_sk_ASN1_OBJECT_num(const EXTENDED_KEY_USAGE *s) { return sk_ASN1_OBJECT_num(s); }
static inline ASN1_OBJECT *kouan_sk_ASN1_OBJECT_value(const EXTENDED_KEY_USAGE *s, int i) { return sk_ASN1_OBJECT_value(s, i); }
static inline void kouan_sk_ASN1_OBJECT_pop_free(EXTENDED_KEY_USAGE *s) { sk_ASN1_OBJECT_pop_free(s, ASN1_OBJECT_free); }

// Union of GENERAL_NAME
static inline ASN1_STRING *kouan_GENERAL_NAME_string(GENERAL_NAME *n) { return n->d.ia5; }
static inline ASN1_OCTET_STRING *kouan_GENERAL_NAME_address(GENERAL_NAME *n) { return n->d.iPAddress; }

// Names: RFC 2253 text, with letters beyond ASCII shown as they are
static inline unsigned long kouan_name_flags(void) { return XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB; }

// BIO
static inline long kouan_BIO_get_mem_data(BIO *b, char **data) { return BIO_get_mem_data(b, data); }
static inline int kouan_BIO_set_mem_eof_return(BIO *b, int v) { return (int)BIO_set_mem_eof_return(b, v); }
static inline void kouan_BIO_set_retry_read(BIO *b) { BIO_set_retry_read(b); }
static inline void kouan_BIO_set_retry_write(BIO *b) { BIO_set_retry_write(b); }
static inline void kouan_BIO_clear_retry_flags(BIO *b) { BIO_clear_retry_flags(b); }

// Errors
static inline int kouan_ERR_GET_LIB(unsigned long e) { return ERR_GET_LIB(e); }
static inline int kouan_ERR_GET_REASON(unsigned long e) { return ERR_GET_REASON(e); }

// EVP
static inline EVP_PKEY *kouan_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

// SSL: function-like macros
static inline int kouan_SSL_CTX_set_min_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_min_proto_version(c, v); }
static inline int kouan_SSL_CTX_set_max_proto_version(SSL_CTX *c, int v) { return (int)SSL_CTX_set_max_proto_version(c, v); }
static inline long kouan_SSL_CTX_set_mode(SSL_CTX *c, long m) { return SSL_CTX_set_mode(c, m); }
static inline long kouan_SSL_set_mode(SSL *s, long m) { return SSL_set_mode(s, m); }
static inline long kouan_SSL_CTX_set_session_cache_mode(SSL_CTX *c, long m) { return SSL_CTX_set_session_cache_mode(c, m); }
static inline int kouan_SSL_CTX_add1_chain_cert(SSL_CTX *c, X509 *x) { return (int)SSL_CTX_add1_chain_cert(c, x); }
static inline int kouan_SSL_CTX_add0_chain_cert(SSL_CTX *c, X509 *x) { return (int)SSL_CTX_add0_chain_cert(c, x); }
static inline int kouan_SSL_CTX_set_groups_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_groups_list(c, l); }
static inline int kouan_SSL_CTX_set_sigalgs_list(SSL_CTX *c, const char *l) { return (int)SSL_CTX_set1_sigalgs_list(c, l); }
static inline int kouan_SSL_set_tlsext_host_name(SSL *s, const char *n) { return (int)SSL_set_tlsext_host_name(s, n); }
static inline int kouan_SSL_CTX_set0_verify_cert_store(SSL_CTX *c, X509_STORE *s) { return (int)SSL_CTX_set0_verify_cert_store(c, s); }
static inline int kouan_SSL_CTX_set1_verify_cert_store(SSL_CTX *c, X509_STORE *s) { return (int)SSL_CTX_set1_verify_cert_store(c, s); }
static inline long kouan_SSL_CTX_set_num_tickets(SSL_CTX *c, size_t n) { return SSL_CTX_set_num_tickets(c, n); }
static inline int kouan_SSL_in_init(const SSL *s) { return SSL_in_init(s); }

#endif
