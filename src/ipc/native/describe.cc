// SPDX-License-Identifier: Apache-2.0
#include "describe.h"

#include <string_view>

#include "constants.h"
#include "tables.h"

using layout::Field;
using layout::Kind;
using layout::Order;
using layout::Role;
using layout::Struct;

namespace
{

struct Message {
	const char *name;
	uint32_t id;
	const char *direction;
	const char *availability;
	const char *rule;
	uint32_t size;
	const char *request;
	const char *reply;
	const char *element;
};

#define ROW_OF(name, id, direction, availability, rule, size, request, reply, element)                       \
	{#name, id, #direction, #availability, #rule, size, #request, #reply, #element},
constexpr Message messages[] = {ABI_MESSAGES(ROW_OF)};

struct Error {
	const char *name;
	int32_t code;
	const char *text;
};

#define ERROR_OF(symbol, code, text) {#symbol, code, text},
constexpr Error errors[] = {ABI_ERRORS(ERROR_OF)};

constexpr const Struct *
find(std::string_view name)
{
	for (const Struct &s : layout::structs)
		if (name == s.name)
			return &s;
	return nullptr;
}

// A name that is not a structure must be one of the words that messages.h explains.
constexpr bool
known(std::string_view name, std::string_view a, std::string_view b, std::string_view c)
{
	return name == "none" || name == a || name == b || name == c || find(name);
}

constexpr bool
consistent(const Message &m)
{
	const Struct *request = find(m.request);
	const std::string_view rule = m.rule;

	if (request && rule != "ANY" && request->size != m.size)
		return false;
	return known(m.request, "device_name", "lcore_id", "ipv4_address") &&
	       known(m.reply, "text", "result", "none") && known(m.element, "none", "none", "none");
}

constexpr bool
all_consistent()
{
	for (const Message &m : messages)
		if (!consistent(m))
			return false;
	return true;
}

static_assert(all_consistent(),
	      "a row of ABI_MESSAGES names an unknown structure or disagrees with its size");

const char *
kind_name(Kind kind)
{
	switch (kind) {
	case Kind::U8:
		return "u8";
	case Kind::U16:
		return "u16";
	case Kind::U32:
		return "u32";
	case Kind::U64:
		return "u64";
	case Kind::I8:
		return "i8";
	case Kind::I16:
		return "i16";
	case Kind::I32:
		return "i32";
	case Kind::I64:
		return "i64";
	case Kind::Chars:
		return "chars";
	case Kind::Bytes:
		return "bytes";
	case Kind::Struct:
		return "struct";
	}
	return "";
}

const char *
role_name(Role role)
{
	switch (role) {
	case Role::Member:
		return "member";
	case Role::Overlay:
		return "overlay";
	case Role::Bits:
		return "bits";
	case Role::Hidden:
		return "hidden";
	}
	return "";
}

Napi::Object
field_object(Napi::Env env, const Field &f)
{
	Napi::Object o = Napi::Object::New(env);

	o.Set("name", f.name);
	o.Set("offset", double(f.offset));
	o.Set("size", double(f.size));
	o.Set("kind", kind_name(f.kind));
	o.Set("role", role_name(f.role));
	if (f.count)
		o.Set("count", double(f.count));
	if (f.ref)
		o.Set("ref", f.ref);
	if (f.order == Order::Big)
		o.Set("bigEndian", true);
	if (f.role == Role::Bits) {
		o.Set("bit", f.bit);
		o.Set("bits", f.bits);
	}
	return o;
}

Napi::Object
struct_object(Napi::Env env, const Struct &s)
{
	Napi::Object o = Napi::Object::New(env);
	Napi::Array fields = Napi::Array::New(env, s.count);

	for (uint32_t i = 0; i < s.count; i++)
		fields.Set(i, field_object(env, s.fields[i]));
	o.Set("name", s.name);
	o.Set("size", double(s.size));
	o.Set("union", s.is_union);
	o.Set("fields", fields);
	return o;
}

Napi::Object
message_object(Napi::Env env, const Message &m)
{
	Napi::Object o = Napi::Object::New(env);

	o.Set("name", m.name);
	o.Set("id", m.id);
	o.Set("direction", m.direction);
	o.Set("availability", m.availability);
	o.Set("rule", m.rule);
	o.Set("size", m.size);
	o.Set("request", m.request);
	o.Set("reply", m.reply);
	o.Set("element", m.element);
	return o;
}

Napi::Object
constant_object(Napi::Env env, const Constant &c)
{
	Napi::Object o = Napi::Object::New(env);

	o.Set("group", c.group);
	o.Set("name", c.name);
	o.Set("value", double(c.value));
	return o;
}

Napi::Object
error_object(Napi::Env env, const Error &e)
{
	Napi::Object o = Napi::Object::New(env);

	o.Set("name", e.name);
	o.Set("code", e.code);
	o.Set("text", e.text);
	return o;
}

// An array of what make returns for each of the n elements.
template <typename T, typename F>
Napi::Array
list(Napi::Env env, const T *elements, size_t n, F make)
{
	Napi::Array a = Napi::Array::New(env, n);

	for (uint32_t i = 0; i < n; i++)
		a.Set(i, make(env, elements[i]));
	return a;
}

} // namespace

Napi::Value
describe(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();
	Napi::Object o = Napi::Object::New(env);

	o.Set("structs", list(env, layout::structs, std::size(layout::structs), struct_object));
	o.Set("messages", list(env, messages, std::size(messages), message_object));
	o.Set("errors", list(env, errors, std::size(errors), error_object));
	o.Set("constants", list(env, constants, constant_count, constant_object));
	return o;
}
