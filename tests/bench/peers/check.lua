-- What a careful operator of nginx would write: the bearer token checked once, its claims kept in a shared dictionary
-- until it expires. Signatures by OpenSSL through LuaJIT's FFI; the claims that Scopegate checks are checked here too.
local ffi = require "ffi"
local cjson = require "cjson.safe"
local crypto = ffi.load "libcrypto.so.3"
ffi.cdef [[
typedef struct evp_pkey_st EVP_PKEY; typedef struct evp_md_ctx_st EVP_MD_CTX; typedef struct evp_md_st EVP_MD;
typedef struct bio_st BIO; typedef struct engine_st ENGINE; typedef struct evp_pkey_ctx_st EVP_PKEY_CTX;
typedef struct ECDSA_SIG_st ECDSA_SIG; typedef struct bignum_st BIGNUM;
BIO *BIO_new_mem_buf(const void *, int);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *, EVP_PKEY **, void *, void *);
EVP_MD_CTX *EVP_MD_CTX_new(void); int EVP_MD_CTX_reset(EVP_MD_CTX *); const EVP_MD *EVP_sha256(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *, EVP_PKEY_CTX **, const EVP_MD *, ENGINE *, EVP_PKEY *);
int EVP_DigestVerify(EVP_MD_CTX *, const unsigned char *, size_t, const unsigned char *, size_t);
ECDSA_SIG *ECDSA_SIG_new(void); void ECDSA_SIG_free(ECDSA_SIG *);
BIGNUM *BN_bin2bn(const unsigned char *, int, BIGNUM *);
int ECDSA_SIG_set0(ECDSA_SIG *, BIGNUM *, BIGNUM *); int i2d_ECDSA_SIG(const ECDSA_SIG *, unsigned char **);
void ERR_clear_error(void);
]]

local function public_key(name)
   local text = assert(io.open(name, "rb")):read "*a"
   return assert(crypto.PEM_read_bio_PUBKEY(crypto.BIO_new_mem_buf(text, #text), nil, nil, nil))
end
local folder = ngx.config.prefix()
local keys = { RS256 = public_key(folder .. "rs256.pem"), ES256 = public_key(folder .. "es256.pem") }
local context, sha256 = crypto.EVP_MD_CTX_new(), crypto.EVP_sha256()
local b64 = require "ngx.base64"
local seen = ngx.shared.tokens
local now, find, sub = ngx.time, string.find, string.sub

local function der_of(signature)
   if #signature ~= 64 then return nil end
   local pair = crypto.ECDSA_SIG_new()
   crypto.ECDSA_SIG_set0(pair, crypto.BN_bin2bn(signature, 32, nil), crypto.BN_bin2bn(sub(signature, 33), 32, nil))
   local out = ffi.new "unsigned char[80]"
   local at = ffi.new("unsigned char *[1]", out)
   local size = crypto.i2d_ECDSA_SIG(pair, at)
   crypto.ECDSA_SIG_free(pair)
   return ffi.string(out, size)
end

local function verify(token)
   local first = find(token, ".", 1, true)
   local second = first and find(token, ".", first + 1, true)
   if not second then return nil end
   local header = cjson.decode(b64.decode_base64url(sub(token, 1, first - 1)) or "")
   local claims = cjson.decode(b64.decode_base64url(sub(token, first + 1, second - 1)) or "")
   local signature = b64.decode_base64url(sub(token, second + 1))
   if type(header) ~= "table" or type(claims) ~= "table" or not signature then return nil end
   local key = keys[header.alg]
   if not key or header.crit or claims.iss ~= "https://issuer.example/" or
      claims.aud ~= "https://calendar.example.com" or type(claims.exp) ~= "number" or claims.exp <= now() then
      return nil
   end
   if header.alg == "ES256" then signature = der_of(signature) end
   if not signature then return nil end
   crypto.EVP_MD_CTX_reset(context)
   if crypto.EVP_DigestVerifyInit(context, nil, sha256, nil, key) ~= 1 or
      crypto.EVP_DigestVerify(context, signature, #signature, token, second - 1) ~= 1 then
      crypto.ERR_clear_error()
      return nil
   end
   return " " .. (claims.scope or "") .. " ", claims.exp
end

return function(scope)
   local authorization = ngx.var.http_authorization
   if not authorization or sub(authorization, 1, 7) ~= "Bearer " then
      ngx.header["WWW-Authenticate"] = 'Bearer realm="https://calendar.example.com"'
      return ngx.exit(401)
   end
   local token = sub(authorization, 8)
   local scopes, expires = seen:get(token)
   if not scopes then
      scopes, expires = verify(token)
      if not scopes then
         ngx.header["WWW-Authenticate"] = 'Bearer error="invalid_token"'
         return ngx.exit(401)
      end
      seen:set(token, scopes, expires - now())
   end
   if not find(scopes, scope, 1, true) then
      ngx.header["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
      return ngx.exit(403)
   end
end
