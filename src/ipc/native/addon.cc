// SPDX-License-Identifier: Apache-2.0
// What TypeScript sees of the native side. Arguments are checked there (src/ipc/client); here only types are.
#include <cstring>
#include <napi.h>

#include "describe.h"
#include "exchange.h"

namespace
{

const char *
stage_name(Stage stage)
{
	switch (stage) {
	case Stage::Done:
		return "done";
	case Stage::Connect:
		return "connect";
	case Stage::Send:
		return "send";
	case Stage::Header:
		return "header";
	case Stage::Body:
		return "body";
	case Stage::Version:
		return "version";
	case Stage::Mismatch:
		return "mismatch";
	case Stage::Oversized:
		return "oversized";
	}
	return "";
}

// "ECONNREFUSED" and the like; empty for 0 and for errors without a name.
std::string
error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : nullptr;

	return name ? name : "";
}

Napi::Value
outcome_object(Napi::Env env, const Outcome &out, const Napi::Buffer<uint8_t> &body)
{
	Napi::Object o = Napi::Object::New(env);

	o.Set("stage", stage_name(out.stage));
	if (out.stage != Stage::Done) {
		o.Set("errno", error_name(out.error));
		o.Set("errnoText", out.error ? strerror(out.error) : "");
		o.Set("received", double(out.received));
		o.Set("version", out.header.version);
		o.Set("len", double(out.header.len));
		return o;
	}
	o.Set("errcode", out.header.errcode);
	o.Set("errstr", Napi::String::New(env, out.header.errstr,
					  strnlen(out.header.errstr, sizeof(out.header.errstr))));
	if (!body.IsEmpty())
		o.Set("body", body);
	if (out.fd >= 0)
		o.Set("fd", out.fd);
	return o;
}

// request(path, id, type, body | undefined, timeoutMs, maxBody)
Napi::Value
run(const Napi::CallbackInfo &info, bool want_fd)
{
	Napi::Env env = info.Env();

	if (info.Length() != 6 || !info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() ||
	    !(info[3].IsUndefined() || info[3].IsTypedArray()) || !info[4].IsNumber() ||
	    !info[5].IsNumber()) {
		Napi::TypeError::New(env, "expected (path, id, type, body, timeoutMs, maxBody)")
		    .ThrowAsJavaScriptException();
		return env.Undefined();
	}

	Request request = {};
	request.path = info[0].As<Napi::String>().Utf8Value();
	request.id = info[1].As<Napi::Number>().Uint32Value();
	request.type = info[2].As<Napi::Number>().Int32Value();
	request.timeout_ms = info[4].As<Napi::Number>().Int64Value();
	request.max_body = uint64_t(std::max<int64_t>(info[5].As<Napi::Number>().Int64Value(), 0));
	request.want_fd = want_fd;
	if (info[3].IsTypedArray()) {
		const Napi::TypedArray view = info[3].As<Napi::TypedArray>();

		request.body = static_cast<const uint8_t *>(view.ArrayBuffer().Data()) + view.ByteOffset();
		request.body_len = view.ByteLength();
	}

	Napi::Buffer<uint8_t> body;
	const Outcome out = exchange(request, [&](size_t len) -> uint8_t * {
		body = Napi::Buffer<uint8_t>::New(env, len);
		return env.IsExceptionPending() ? nullptr : body.Data();
	});
	if (env.IsExceptionPending())
		return env.Undefined();
	return outcome_object(env, out, body);
}

Napi::Value
request(const Napi::CallbackInfo &info)
{
	return run(info, false);
}

Napi::Value
request_fd(const Napi::CallbackInfo &info)
{
	return run(info, true);
}

// peerCredentials(path, timeoutMs): {pid, uid, gid}, or {errno, errnoText}
Napi::Value
peer(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object o = Napi::Object::New(env);
	ucred who = {};

	if (info.Length() != 2 || !info[0].IsString() || !info[1].IsNumber()) {
		Napi::TypeError::New(env, "expected (path, timeoutMs)").ThrowAsJavaScriptException();
		return env.Undefined();
	}
	const int error = peer_credentials(info[0].As<Napi::String>().Utf8Value(),
					   info[1].As<Napi::Number>().Int64Value(), &who);
	if (error) {
		o.Set("errno", error_name(error));
		o.Set("errnoText", strerror(error));
		return o;
	}
	o.Set("pid", who.pid);
	o.Set("uid", who.uid);
	o.Set("gid", who.gid);
	return o;
}

Napi::Object
init(Napi::Env env, Napi::Object exports)
{
	exports.Set("request", Napi::Function::New(env, request));
	exports.Set("requestFd", Napi::Function::New(env, request_fd));
	exports.Set("peerCredentials", Napi::Function::New(env, peer));
	exports.Set("describe", Napi::Function::New(env, describe));
	return exports;
}

} // namespace

NODE_API_MODULE(dpvs_ipc, init)
