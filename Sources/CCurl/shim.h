// SPDX-License-Identifier: Apache-2.0
// libcurl's variadic setters and getters as typed functions Swift can call. No logic here: each line is one call.
#ifndef KOUAN_CCURL_SHIM_H
#define KOUAN_CCURL_SHIM_H

#include <curl/curl.h>

typedef size_t (*kouan_curl_bytes_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*kouan_curl_prerequest_callback)(void *context, char *remoteAddress, char *localAddress, int remotePort, int localPort);
typedef CURLcode (*kouan_curl_tls_context_callback)(CURL *handle, void *tlsContext, void *context);

static inline CURLcode kouan_curl_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode kouan_curl_set_offset(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode kouan_curl_set_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode kouan_curl_set_pointer(CURL *h, CURLoption o, void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode kouan_curl_set_list(CURL *h, CURLoption o, struct curl_slist *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode kouan_curl_set_write(CURL *h, kouan_curl_bytes_callback f) { return curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, f); }
static inline CURLcode kouan_curl_set_read(CURL *h, kouan_curl_bytes_callback f) { return curl_easy_setopt(h, CURLOPT_READFUNCTION, f); }
static inline CURLcode kouan_curl_set_header(CURL *h, kouan_curl_bytes_callback f) { return curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, f); }
static inline CURLcode kouan_curl_set_prerequest(CURL *h, kouan_curl_prerequest_callback f) { return curl_easy_setopt(h, CURLOPT_PREREQFUNCTION, f); }
static inline CURLcode kouan_curl_set_tls_context(CURL *h, kouan_curl_tls_context_callback f) { return curl_easy_setopt(h, CURLOPT_SSL_CTX_FUNCTION, f); }

static inline CURLcode kouan_curl_get_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode kouan_curl_get_private(CURL *h, void **v) { return curl_easy_getinfo(h, CURLINFO_PRIVATE, (char **)v); }

// The SSL* of the connection that serves this transfer now; NULL without TLS or with another TLS library than OpenSSL.
static inline void *kouan_curl_get_ssl(CURL *h) {
    struct curl_tlssessioninfo *info = 0;
    if (curl_easy_getinfo(h, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info || info->backend != CURLSSLBACKEND_OPENSSL) return 0;
    return info->internals;
}

static inline CURLMcode kouan_curl_multi_set_long(CURLM *m, CURLMoption o, long v) { return curl_multi_setopt(m, o, v); }

static inline CURL *kouan_curl_message_handle(CURLMsg *m) { return m->easy_handle; }
static inline CURLcode kouan_curl_message_result(CURLMsg *m) { return m->data.result; }

static inline size_t kouan_curl_write_pause(void) { return CURL_WRITEFUNC_PAUSE; }

#endif
