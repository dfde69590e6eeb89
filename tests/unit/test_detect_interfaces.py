"""The addresses of this machine, as it really has them."""

from ipaddress import ip_address

from scaffold.detect import machine


def test_the_addresses_of_this_machine_are_addresses_and_each_is_named_once() -> None:
    found = machine.interfaces()
    assert "127.0.0.1" in found
    assert len(set(found)) == len(found)
    assert [str(ip_address(one)) for one in found] == list(found)
    assert not any("%" in one for one in found)
