"""Code lists with validity dates, shipped as package data (``*.csv``)."""

from early_id.schema.codes.lists import Code, CodeList, code_list, register_code_list

__all__ = ["Code", "CodeList", "code_list", "register_code_list"]
