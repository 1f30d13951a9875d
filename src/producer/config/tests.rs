use super::*;

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn every_default_is_accepted_by_its_own_key() {
    for key in keys() {
        let default = key.default.to_str().unwrap();
        if !default.is_empty() {
            assert_eq!(key.check.value(default), Ok(()), "{:?}", key.name);
        }
    }
}

#[test]
fn bad_values_are_refused_with_the_key_and_the_reason() {
    for (key, value, reason) in [
        ("send.timeout.ms", "0", "from 1"),
        ("send.timeout.ms", "soon", "whole number"),
        ("unit.mode", "yes", "true or false"),
        ("header.format", "xml", "json, rocketmq"),
        ("namesrv.addr", "host", "port"),
        ("namesrv.domain", "http://host", "without http://"),
        ("namesrv.subgroup", "a b", "blank"),
        ("producer.group", "a b", "\"a b\""),
        ("instance.name", "a@b", "@"),
        ("send.retry.codes", "1,x", "commas"),
    ] {
        let error = Config::new().set(key, Some(value)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let text = error.to_string();
        assert!(text.contains(key) && text.contains(value) && text.contains(reason), "{text}");
    }
    assert_eq!(kind(Config::new().set("send.timeout", Some("1"))), Some(ErrorKind::UnknownKey));
}

#[test]
fn none_restores_the_default() {
    let mut config = Config::new();
    config.set("send.retries", Some("7")).unwrap();
    assert_eq!(config.get("send.retries").unwrap(), "7");
    config.set("send.retries", None).unwrap();
    assert_eq!(config.get("send.retries").unwrap(), "2");
}

#[test]
fn a_group_and_a_name_server_are_required() {
    let mut config = Config::new();
    config.set("namesrv.addr", Some("a:1;b:2")).unwrap();
    let error = Settings::read(&config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().contains("producer.group"));
    config.set("producer.group", Some("G")).unwrap();
    let settings = Settings::read(&config).unwrap();
    let servers = Source::list(vec![Address::parse("b:2").unwrap(), Address::parse("a:1").unwrap()]);
    assert_eq!((settings.client.name_servers, settings.retries), (servers, 2));
}

#[test]
fn levels_of_another_codec_are_refused_with_both_keys() {
    for (kind, level, taken) in [
        ("zlib", Some("0"), true),
        ("zlib", Some("9"), true),
        ("zlib", Some("10"), false),
        ("zstd", None, true),
        ("zstd", Some("0"), false),
        ("zstd", Some("22"), true),
        ("lz4", Some("0"), true),
        ("lz4", Some("22"), true),
        ("none", Some("22"), true),
    ] {
        let mut config = Config::new();
        config.set("namesrv.addr", Some("a:1")).unwrap();
        config.set("producer.group", Some("G")).unwrap();
        config.set("compress.type", Some(kind)).unwrap();
        config.set("compress.level", level).unwrap();
        match Settings::read(&config) {
            Ok(_) => assert!(taken, "{kind} {level:?}"),
            Err(error) => {
                assert!(!taken && error.kind() == ErrorKind::InvalidValue, "{error}");
                let text = error.to_string();
                assert!(text.contains("compress.level") && text.contains("compress.type"), "{text}");
            }
        }
    }
}

#[test]
fn exactly_the_live_keys_can_be_changed() {
    for key in keys() {
        let refused = kind(Change::read(name_of(key), "a:1"));
        assert_eq!(refused, (!key.live).then_some(ErrorKind::InvalidArgument), "{:?}", key.name);
    }
    assert_eq!(kind(Change::read("no.such.key", "1")), Some(ErrorKind::UnknownKey));
    assert_eq!(kind(Change::read("namesrv.addr", "host")), Some(ErrorKind::InvalidValue));
}
